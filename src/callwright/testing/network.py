"""A fake network for SIP agents: in memory, on a virtual clock, with seeded loss, duplication and reordering. For tests."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable

from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallEvent
from callwright.telephony.sip.identity import Identity

__all__ = ["LossyNetwork", "seeded_agent"]

Peer = tuple[str, int]
Listener = Callable[[Agent, Call, CallEvent, int], None]


def seeded_agent(host: str, seed: int, **identity: object) -> Agent:
    """An agent at `host`:5060 whose ids come from `seed`; further arguments go to its Identity."""
    rng = random.Random(seed)
    return Agent(Identity(host, 5060, **identity), lambda: f"{rng.getrandbits(64):016x}")  # type: ignore[arg-type]


class LossyNetwork:
    """Carries datagrams between agents. loss, duplication, reordering are probabilities; delay_ms the one-way time.

    Attributes: now_ms (virtual), log: every event as (ms, agent host, event), lost: datagrams that were dropped.
    """

    def __init__(
        self, *, seed: int = 0, loss: float = 0.0, duplication: float = 0.0, reordering: float = 0.0, delay_ms: int = 10
    ) -> None:
        self.now_ms = 0
        self.log: list[tuple[int, str, CallEvent]] = []
        self.lost = 0
        self.carried: list[tuple[int, Peer, Peer, bytes]] = []
        self.drop: Callable[[bytes, Peer], bool] | None = None
        self._rng = random.Random(seed)
        self._loss, self._duplication, self._reordering, self._delay = loss, duplication, reordering, delay_ms
        self._agents: dict[Peer, Agent] = {}
        self._flying: list[tuple[int, int, bytes, Peer, Peer]] = []
        self._count = 0
        self._listeners: list[Listener] = []

    def join(self, *agents: Agent) -> None:
        """Put agents at their addresses."""
        for agent in agents:
            self._agents[agent.identity.host, agent.identity.port] = agent

    def on_event(self, listener: Listener) -> None:
        """Call `listener(agent, call, event, now_ms)` for every event; it may act on the call at once."""
        self._listeners.append(listener)

    def send(self, data: bytes, source: Peer, to: Peer) -> None:
        """Put a datagram on the way, subject to loss, duplication and reordering."""
        self.carried.append((self.now_ms, source, to, data))
        if self._rng.random() < self._loss or (self.drop is not None and self.drop(data, to)):
            self.lost += 1
            return
        copies = 2 if self._rng.random() < self._duplication else 1
        for _ in range(copies):
            late = self._delay * self._rng.randint(2, 30) if self._rng.random() < self._reordering else 0
            self._count += 1
            heapq.heappush(self._flying, (self.now_ms + self._delay + late, self._count, data, source, to))

    def run(self, limit_ms: int = 600_000, until: Callable[[], bool] | None = None) -> None:
        """Let time pass until nothing is left to happen, `until()` holds, or `limit_ms` (absolute) is reached."""
        self._collect(self._agents.values())
        while until is None or not until():
            next_ms = self._next()
            if next_ms is None or next_ms > limit_ms:
                self.now_ms = self.now_ms if next_ms is None else limit_ms
                return
            self.now_ms = max(self.now_ms, next_ms)
            self._deliver()
            for agent in self._agents.values():
                agent.handle_timer(self.now_ms)
            self._collect(self._agents.values())

    def _next(self) -> int | None:
        due = [self._flying[0][0]] if self._flying else []
        due += [at for at in (agent.next_timer() for agent in self._agents.values()) if at is not None]
        return min(due, default=None)

    def _deliver(self) -> None:
        while self._flying and self._flying[0][0] <= self.now_ms:
            _, _, data, source, to = heapq.heappop(self._flying)
            agent = self._agents.get(to)
            if agent is not None:
                agent.receive(data, source, self.now_ms)
                self._collect((agent,))

    def _collect(self, agents: Iterable[Agent]) -> None:
        for agent in agents:
            here = (agent.identity.host, agent.identity.port)
            while True:
                for datagram in agent.datagrams():
                    self.send(datagram.data, here, datagram.to)
                events = agent.events()
                if not events:
                    break
                for call, event in events:
                    self.log.append((self.now_ms, agent.identity.host, event))
                    for listener in self._listeners:
                        listener(agent, call, event, self.now_ms)
