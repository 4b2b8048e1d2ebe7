"""How long to wait before a server is tried again. Pure: randomness is an argument."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(slots=True)
class Backoff:
    """Doubles from first_s to most_s, spread by a quarter to both sides, so that a hundred calls do not come back in the same moment."""

    first_s: float = 0.1
    most_s: float = 5.0
    failures: int = 0

    def failed(self, chance: float) -> float:
        """Seconds to wait after one more failure. chance: 0..1."""
        wait = min(self.most_s, self.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return wait * (0.75 + 0.5 * chance)

    def succeeded(self) -> None:
        """Start anew."""
        self.failures = 0
