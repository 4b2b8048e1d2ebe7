"""Session timers (RFC 4028): how long a session lives without a refresh, and who refreshes it. A value machine without clock."""

from __future__ import annotations

import re
from typing import Literal

from callwright.telephony.sip.wire import Headers, Request, Response

__all__ = ["LEAST_S", "SessionTimer"]

LEAST_S = 90
MOST_S = 86_400
MAX_TOO_SMALL = 3

_EXPIRES = re.compile(r"\s*(\d{1,10})\s*(?:;.*)?")
_REFRESHER = re.compile(r";\s*refresher\s*=\s*(uac|uas)\b", re.IGNORECASE)


class SessionTimer:
    """One call's agreement. interval_s: lifetime without a refresh, 0 = it never expires; refreshing: that is our duty.

    wanted_s: what we ask for (0 = nothing); least_s: what we do not go below (`Min-SE`; RFC 4028 says 90).
    """

    __slots__ = ("_least_s", "_too_small", "_wanted_s", "interval_s", "refreshing")

    def __init__(self, wanted_s: int, least_s: int = LEAST_S) -> None:
        self.interval_s = 0
        self.refreshing = False
        self._wanted_s = wanted_s
        self._least_s = least_s
        self._too_small = 0

    # ------------------------------------------------------------ requests of ours

    def ask(self) -> Headers:
        """What our INVITE or UPDATE carries (sections 7.1, 7.4): a refresh keeps interval and roles."""
        if not (self.interval_s or self._wanted_s):
            return ()
        value = str(max(self.interval_s or self._wanted_s, self._least_s))
        if self.interval_s:
            value += f";refresher={'uac' if self.refreshing else 'uas'}"
        return (("Session-Expires", value), *self.least())

    def least(self) -> Headers:
        """Min-SE; always shown, since a peer may have told us a higher one."""
        return (("Min-SE", str(self._least_s)),)

    def too_small(self, response: Response) -> bool:
        """Take over the Min-SE of a 422 (section 7.3); whether asking again makes sense."""
        least = _seconds(response.get("min-se"))
        self._too_small += 1
        if least is None or not self._least_s < least <= MOST_S or self._too_small > MAX_TOO_SMALL:
            return False
        self._least_s = least
        self.interval_s = max(self.interval_s, least) if self.interval_s else 0
        return True

    def agreed(self, response: Response) -> None:
        """A 2xx to our INVITE or UPDATE came (section 7.2): without Session-Expires the session does not expire."""
        value = response.get("session-expires")
        interval = _seconds(value)
        self._too_small = 0
        self.interval_s = 0 if interval is None else self._bounded(interval)
        self.refreshing = _refresher(value) != "uas"

    # ------------------------------------------------------------ requests of the far side

    def refuses(self, request: Request) -> bool:
        """Whether the interval asked for is below ours, and may be refused with 422 (section 9)."""
        interval = _seconds(request.get("session-expires"))
        return interval is not None and interval < self._least_s and _supports(request)

    def answer(self, request: Request) -> Headers:
        """Agree with an INVITE or UPDATE (section 9); what our 2xx carries.

        Without a wish of the far side we refresh: that finds a dead peer after half the interval.
        """
        value = request.get("session-expires")
        interval = _seconds(value)
        if interval is None and not self._wanted_s:
            self.interval_s = 0
            return ()
        floor = max(self._least_s, _seconds(request.get("min-se")) or LEAST_S if interval is None else 0)
        wish = self._wanted_s or MOST_S if interval is None else interval
        self.interval_s = self._bounded(max(wish, floor))
        by_them = _supports(request) and _refresher(value) == "uac"
        self.refreshing = not by_them
        headers: Headers = (("Session-Expires", f"{self.interval_s};refresher={'uac' if by_them else 'uas'}"),)
        return (*headers, ("Require", "timer")) if _supports(request) else headers

    # ------------------------------------------------------------ deadlines, ms from the agreement

    @property
    def refresh_ms(self) -> int | None:
        """When we refresh: half the interval; None when that is not ours to do."""
        return self.interval_s * 500 if self.interval_s and self.refreshing else None

    @property
    def expiry_ms(self) -> int | None:
        """When the session is given up with BYE: shortly before the interval is over (section 10)."""
        return self.interval_s * 1000 - min(32_000, self.interval_s * 1000 // 3) if self.interval_s else None

    def _bounded(self, seconds: int) -> int:
        return min(max(seconds, self._least_s), MOST_S)


def _seconds(value: str) -> int | None:
    match = _EXPIRES.fullmatch(value)
    return int(match[1]) if match else None


def _refresher(value: str) -> Literal["uac", "uas", ""]:
    match = _REFRESHER.search(value)
    if match is None:
        return ""
    return "uac" if match[1].lower() == "uac" else "uas"


def _supports(request: Request) -> bool:
    return "timer" in (item.lower() for item in (*request.items("supported"), *request.items("require")))
