"""Values that are made by the thousand in a second.

    @quick(frozen=True, slots=True)
    class PastCall: ...

To mypy this is `dataclass`, so nobody writes to one. At run time it is a dataclass with slots and a hash whose fields are plainly assigned: a
frozen one assigns each by a call, which makes it three times as dear (a dial makes thirty of them). What a permit to dial rests on is frozen at
run time too, and stays `dataclass`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["quick"]

if TYPE_CHECKING:
    from dataclasses import dataclass as quick
else:
    from dataclasses import dataclass

    def quick(*, frozen: bool, slots: bool):
        """See above; both must be true."""
        if not (frozen and slots):
            raise TypeError("quick is for values: frozen=True, slots=True")
        return dataclass(slots=True, unsafe_hash=True)
