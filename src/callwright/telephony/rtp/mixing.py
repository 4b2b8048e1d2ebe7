"""A supervisor on a live call: who hears whom, added up for all such calls in one step of the tick.

| mode | the person called hears | the bridged agent hears | the supervisor hears |
|---|---|---|---|
| listen | as without | as without | everybody and every prompt |
| whisper | as without | as without, and the supervisor | the same |
| barge | as without, and the supervisor | as without, and the supervisor | the same |

The person called hears a supervisor in `barge` only; when the agent has gone nobody hears a whisper. Sums saturate at 16 bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from callwright.errors import LineError
from callwright.telephony.port import FRAME_SAMPLES, Codec, Pcm, SupervisionMode
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.stream import RtpStream

__all__ = ["Mix", "Voices", "add_up", "hearing", "step", "supervise"]

_VOICES, _EARS = 6, 3


class Voices(NamedTuple):
    """What is said in one tick of one call: what the person called, the agent and the supervisor say, and what is played to each of them
    (None: nobody there, nothing played)."""

    person: Pcm
    agent: Pcm | None
    supervisor: Pcm
    to_person: Pcm | None
    to_agent: Pcm | None
    to_supervisor: Pcm | None


def hearing(voices: Voices, mode: SupervisionMode) -> list[list[int]]:
    """Which voices the person called, the agent and the supervisor hear: three rows of 0 and 1, a column for each of `Voices`."""
    person = [0, int(voices.to_person is None), int(mode == "barge"), 1, 0, 0]
    agent = [int(voices.to_agent is None), 0, int(mode != "listen"), 0, 1, 0]
    return [person, agent, [1, 1, 0, 1, 1, 1]]


def add_up(calls: Sequence[tuple[Voices, SupervisionMode]]) -> npt.NDArray[np.int16]:
    """What each of three ears hears in each call: shape (calls, 3, 160); sums saturate."""
    said = np.zeros((len(calls), _VOICES, FRAME_SAMPLES), np.int32)
    heard = np.zeros((len(calls), _EARS, _VOICES), np.int32)
    for row, (voices, mode) in enumerate(calls):
        for column, voice in enumerate(voices):
            if voice is not None:
                said[row, column] = voice
        heard[row] = hearing(voices, mode)
    sums: npt.NDArray[np.int16] = np.clip(heard @ said, -32768, 32767).astype(np.int16)
    return sums


class Mix:
    """See `telephony.port.Supervised`; made by `supervise`."""

    def __init__(
        self, call: RtpStream, supervisor: RtpStream, mode: SupervisionMode, ended: Callable[[], None] | None
    ) -> None:
        self.call = call
        self.supervisor = supervisor
        self.current: SupervisionMode = mode
        self._ended = ended
        self._over = False
        self._check(mode)

    @property
    def over(self) -> bool:
        return self._over

    def mode(self, mode: SupervisionMode) -> None:
        """See Supervised."""
        if self._over:
            raise LineError("media: this supervision is over")
        self._check(mode)
        self.current = mode

    def end(self) -> None:
        """See Supervised."""
        if self._over:
            return
        self._over = True
        self.call.mix = self.supervisor.mix = None
        if self._ended is not None:
            self._ended()

    def _check(self, mode: SupervisionMode) -> None:
        if mode not in get_args(SupervisionMode):
            raise LineError(f"media: {mode!r} is not one of {', '.join(get_args(SupervisionMode))}")
        if mode == "whisper" and self.call.bridged is None:
            raise LineError(
                "media: nobody can be whispered to while only the robot talks; listen, barge, or take the call over"
            )

    # ------------------------------------------------------------ in the tick thread

    def voices(self) -> tuple[Voices, RtpStream | None]:
        """Of this tick, with the agent's stream; what is queued for each is drawn."""
        agent = self.call.bridged
        voices = Voices(
            self.call.heard_pcm,
            None if agent is None else agent.heard_pcm,
            self.supervisor.heard_pcm,
            self.call.tick_draw(),
            None if agent is None else agent.tick_draw(),
            self.supervisor.tick_draw(),
        )
        return voices, agent

    def ears(self, agent: RtpStream | None, mode: SupervisionMode) -> list[RtpStream | None]:
        """Who hears a sum in this tick (None: hears what is said as it is)."""
        return [
            self.call if mode == "barge" else None,
            agent if mode != "listen" else None,
            self.supervisor,
        ]


def supervise(
    call: RtpStream, supervisor: RtpStream, mode: SupervisionMode, ended: Callable[[], None] | None = None
) -> Mix:
    """Put a supervisor on a live call, bridged or not; it follows when an agent comes or goes.

    The recording of the call holds what the person called says and hears: a barge, never a whisper. Keys are not passed on. It ends when
    the call or the supervisor closes.

    Args:
        call: the stream of the person called.
        ended: called once, in the event loop, when it is over.

    Raises:
        LineError: one is closed, takes part in another mix, the supervisor is bridged, both are one, or nobody can be whispered to.
    """
    if call is supervisor or call.closed or supervisor.closed or call.mix or supervisor.mix or supervisor.bridged:
        raise LineError(
            "media: supervision needs a live call and another open stream, neither supervised nor supervising already"
        )
    mix = Mix(call, supervisor, mode, ended)
    call.mix = supervisor.mix = mix
    call.by_itself()
    supervisor.by_itself()
    return mix


def step(senders: Sequence[RtpStream]) -> None:
    """In the tick, before `senders` send: say what those in a mix send instead."""
    # One look at each stream: the event loop may end a mix at any time.
    mixes = [mix for stream in senders if (mix := stream.mix) is not None and mix.supervisor is not stream]
    if not mixes:
        return
    sending = set(senders)
    calls: list[tuple[Voices, SupervisionMode]] = []
    ears: list[RtpStream | None] = []
    for mix in mixes:
        # A stream that was steady when this tick began has sent already.
        if isinstance(mix, Mix) and mix.supervisor in sending:
            mode = mix.current
            voices, agent = mix.voices()
            calls.append((voices, mode))
            ears += mix.ears(agent, mode)
    if not calls:
        return
    sums = add_up(calls).reshape(-1, FRAME_SAMPLES)
    for codec in get_args(Codec):
        rows = [n for n, ear in enumerate(ears) if ear is not None and ear in sending and ear.session.codec == codec]
        if not rows:
            continue
        encoded = g711.encode(sums[rows], codec)
        for place, row in enumerate(rows):
            ear = ears[row]
            if ear is not None:
                ear.mixed = encoded[place * FRAME_SAMPLES : (place + 1) * FRAME_SAMPLES], codec
