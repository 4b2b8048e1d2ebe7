"""What the parts of a line file must agree on: names, sockets, sources, numbers, routes. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from itertools import combinations

from callwright.errors import LineError, Place, Problem
from callwright.telephony.trunks.model import LineFile, Route, Trunk
from callwright.telephony.trunks.numbers import Numbers

__all__ = ["check_line", "socket_of"]

Where = Callable[[str], Place]


def socket_of(trunk: Trunk) -> tuple[object, ...]:
    """What decides which socket a trunk uses: trunks of the same socket share it; a trunk with port 0 has its own."""
    local = trunk.local
    own = "" if local.port else trunk.name
    return (local.host, local.port, local.advertise, trunk.transport, trunk.tls, trunk.session_expires_s, own)


def check_line(line: LineFile, where: Where) -> Iterator[Problem]:
    """Every disagreement, errors and warnings; `where` gives the place of a field."""
    yield from _names(line, where)
    yield from _sockets(line, where)
    yield from _sources(line, where)
    yield from _numbers(line, where)
    yield from _routes(line, where)


def _names(line: LineFile, where: Where) -> Iterator[Problem]:
    if not line.trunks:
        yield Problem(
            "no-trunks", "the file has no trunk", where("trunks"), "Add one: see docs/reference/line-file.md."
        )
    first: dict[str, int] = {}
    for at, trunk in enumerate(line.trunks):
        if trunk.name in first:
            message = (
                f"two trunks are called `{trunk.name}` (first on line {where(f'trunks[{first[trunk.name]}]').line})"
            )
            yield Problem("duplicate-trunk", message, where(f"trunks[{at}].name"), "Rename one.")
        first.setdefault(trunk.name, at)


def _sockets(line: LineFile, where: Where) -> Iterator[Problem]:
    first: dict[tuple[str, int], Trunk] = {}
    for at, trunk in enumerate(line.trunks):
        local = trunk.local
        other = first.setdefault((local.host, local.port), trunk) if local.port else trunk
        if socket_of(other) != socket_of(trunk):
            message = f"`{other.name}` and `{trunk.name}` share {local.host}:{local.port}, but differ in how"
            hint = "Trunks on one port need the same advertise, transport, tls and session_expires_s; or give one another port."
            yield Problem("socket-differs", message, where(f"trunks[{at}].local"), hint)


def _sources(line: LineFile, where: Where) -> Iterator[Problem]:
    """A source must tell which trunk it is, among those of one socket; so must a user."""
    groups: dict[tuple[object, ...], list[tuple[int, Trunk]]] = {}
    for at, trunk in enumerate(line.trunks):
        groups.setdefault(socket_of(trunk), []).append((at, trunk))
    for group in groups.values():
        for (_, one), (at, two) in combinations(group, 2):
            yield from _mistaken(one, two, f"trunks[{at}]", where)


def _mistaken(one: Trunk, two: Trunk, field: str, where: Where) -> Iterator[Problem]:
    """What of the second trunk (at `field`) could as well be of the first."""
    theirs = [ipaddress.ip_network(other) for other in one.sources]
    for number, text in enumerate(two.sources):
        if any(_overlap(ipaddress.ip_network(text), other) for other in theirs):
            message = f"{text} is a source of `{one.name}` already: a call from there could be of either"
            hint = "Give each trunk its own sources, or its own local port."
            yield Problem("same-source", message, where(f"{field}.sources[{number}]"), hint)
    if one.users and two.users and one.digest != two.digest:
        message = f"`{one.name}` and `{two.name}` share a socket, but ask for passwords in different ways"
        yield Problem("digest-differs", message, where(f"{field}.digest"), "Give both the same `digest`.")
    shared = {user.username for user in one.users} & {user.username for user in two.users}
    if shared:
        message = f"the user `{min(shared)}` belongs to `{one.name}` already"
        yield Problem("same-user", message, where(f"{field}.users"), "Give each user one trunk.")


def _overlap(
    one: ipaddress.IPv4Network | ipaddress.IPv6Network, two: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return one.version == two.version and one.overlaps(two)


def _numbers(line: LineFile, where: Where) -> Iterator[Problem]:
    for at, trunk in enumerate(line.trunks):
        for index, number in enumerate(trunk.numbers):
            place = where(f"trunks[{at}].numbers[{index}]")
            if number in trunk.numbers[:index]:
                yield Problem("duplicate-number", f"{number} stands here twice", place, "Remove one.")
            try:
                Numbers(trunk.format).caller(number)
            except LineError as error:
                yield Problem("number-format", str(error), place, "Use another `format.caller` for this trunk.")
        if not trunk.numbers:
            message = f"`{trunk.name}` has no caller numbers: it takes calls and places none"
            yield Problem("no-numbers", message, where(f"trunks[{at}]"), "List the numbers under `numbers`.", "warning")


def _routes(line: LineFile, where: Where) -> Iterator[Problem]:
    names = {trunk.name for trunk in line.trunks}
    for at, route in enumerate(line.inbound):
        if route.trunk is not None and route.trunk not in names:
            hint = f"Known: {', '.join(sorted(names))}."
            yield Problem("no-such-trunk", f"there is no trunk `{route.trunk}`", where(f"inbound[{at}].trunk"), hint)
        hidden = next((other for other in line.inbound[:at] if _covers(other, route)), None)
        if hidden is not None:
            message = "this route is never reached: one above it takes every call that fits"
            hint = "Put the more exact route first."
            yield Problem("unreachable-route", message, where(f"inbound[{at}]"), hint, "warning")
    inward = any(trunk.sources or trunk.users or trunk.register_ for trunk in line.trunks)
    if inward and not line.inbound:
        message = "calls may come in, but no route says what answers: they get 404"
        yield Problem(
            "no-routes",
            message,
            where(""),
            "Add `inbound:` with a route, at least {default: true, reject: 404}.",
            "warning",
        )


def _covers(above: Route, below: Route) -> bool:
    if above.trunk is not None and above.trunk != below.trunk:
        return False
    if above.default:
        return True
    if above.prefix is not None:
        return (below.number or below.prefix or "").startswith(above.prefix)
    return above.number == below.number
