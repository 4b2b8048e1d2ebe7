"""What a conversation is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from callwright.calls.ears_parts import EarsParts
from callwright.calls.live import Placer
from callwright.calls.log import EventLog
from callwright.calls.mouth import Prepare
from callwright.calls.outbox import Outbox
from callwright.calls.person import Handover
from callwright.dialogue.engine import Dialogue

__all__ = ["Seat"]


@dataclass(frozen=True, slots=True)
class Seat:
    """What a conversation is given: the shared parts, and this call's log, number (E.164), variables and watcher.
    incoming: they called us, so nobody asks whether a person or a machine is there; placer: the person of ours who talks first."""

    dialogue: Dialogue
    ears: EarsParts
    prepare: Prepare
    outbox: Outbox
    handover: Handover
    log: EventLog
    number: str
    variables: Mapping[str, str]
    tell: Callable[[str, str], None]
    incoming: bool = False
    placer: Placer | None = None
