"""Signed caller numbers as data: the Identity header (RFC 8224), its PASSporT (RFC 8225) and SHAKEN (RFC 8588). Decides nothing.

verify(request, certificates, anchors, now_s) reads no clock, no disk and no network: certificates come from a port, `folder` is one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from callwright.errors import LineError, WireError
from callwright.telephony.caller import IdentityVerdict
from callwright.telephony.sip.caller import IdentityCheck
from callwright.telephony.sip.chains import trusted_key
from callwright.telephony.sip.fields import parse_address, parse_uri, split_headers, split_parameters
from callwright.telephony.sip.wire import Request

__all__ = ["Certificates", "Passport", "checker", "folder", "read_identity", "verify"]

FRESH_S = 60
MAX_TEXT = 8_000
MAX_IDENTITIES = 5
MAX_PEM = 100_000

Certificates = Callable[[str], bytes | None]  # URL of a chain (x5u) -> PEM, leaf first; None = not known

_TOKEN = re.compile(r"[A-Za-z0-9_-]*")
_ATTEST = ("A", "B", "C")


@dataclass(frozen=True, slots=True)
class Passport:
    """One Identity value. signed: the octets the signature is over; header and claims: as JSON says, empty in the compact form until
    they are made from the message; info: where the certificate is; ppt: the kind ("" = plain, `shaken`)."""

    signed: bytes
    signature: bytes
    header: Mapping[str, object]
    claims: Mapping[str, object]
    info: str
    ppt: str
    compact: bool = False


class _UnverifiedError(Exception):
    """It cannot be judged."""


class _InvalidError(Exception):
    """It is wrong."""


def verify(
    request: Request,
    certificates: Certificates,
    anchors: Sequence[x509.Certificate],
    now_s: float,
    trusted: bool = False,
) -> IdentityVerdict:
    """What the Identity headers of an INVITE prove.

    `valid`: signed within the last 60 s by a certificate that leads to one of `anchors`, for this caller (From, or P-Asserted-Identity
    where `trusted`) and this callee (To or Request-URI). `invalid`: anything about it is wrong. `unverified`: its kind, its algorithm
    or its certificate is not known here. With several headers a valid one counts, else a wrong one.
    """
    values = request.all("identity")[:MAX_IDENTITIES]
    verdicts = [_judge(value, request, certificates, anchors, now_s, trusted) for value in values]
    order = {"valid": 0, "invalid": 1, "unverified": 2}
    return min(verdicts, key=lambda verdict: order[verdict.status], default=IdentityVerdict())


def _judge(
    value: str,
    request: Request,
    certificates: Certificates,
    anchors: Sequence[x509.Certificate],
    now_s: float,
    trusted: bool,
) -> IdentityVerdict:
    try:
        passport = read_identity(value)
        if passport.compact:
            passport = _from_message(passport, request)
        number = _check(passport, request, now_s, trusted)
        _check_signature(passport, certificates, anchors, now_s)
    except (WireError, _InvalidError) as error:
        return IdentityVerdict("invalid", reason=str(error))
    except _UnverifiedError as error:
        return IdentityVerdict("unverified", reason=str(error))
    shaken = passport.ppt == "shaken"
    attest, origid = (str(passport.claims[name]) if shaken else "" for name in ("attest", "origid"))
    return IdentityVerdict("valid", attest, origid, number=number)  # type: ignore[arg-type]


# ---------------------------------------------------------------- reading


def read_identity(value: str) -> Passport:
    """Read one Identity value: `header.claims.signature;info=<URL>;alg=ES256;ppt=shaken`, or the compact `..signature;info=<URL>`.

    Raises:
        WireError: it cannot be read, or what stands beside the token says something else than the token.
    """
    if len(value) > MAX_TEXT:
        raise WireError("Identity is too long")
    digest, parameters = split_parameters(value)
    parts = digest.split(".")
    if len(parts) != 3 or not all(_TOKEN.fullmatch(part) for part in parts) or bool(parts[0]) != bool(parts[1]):
        raise WireError("Identity holds no signed token")
    info = parameters.get("info", "")
    if not (info.startswith("<") and info.endswith(">")):
        raise WireError("Identity does not say where its certificate is")
    info, ppt = info[1:-1], parameters.get("ppt", "")
    signature = _decoded(parts[2])
    if len(signature) != 64:
        raise WireError("the signature of Identity has the wrong length")
    if not parts[0]:
        algorithm = parameters.get("alg", "ES256")
        header: dict[str, object] = {"alg": algorithm, "typ": "passport", "x5u": info}
        return Passport(b"", signature, {**header, **({"ppt": ppt} if ppt else {})}, {}, info, ppt, compact=True)
    named, claims = _json(parts[0]), _json(parts[1])
    same = (
        (named.get("typ"), "passport"),
        (named.get("x5u"), info),
        (named.get("alg"), parameters.get("alg", "ES256")),
        (named.get("ppt", ""), ppt or named.get("ppt", "")),
    )
    if any(inside != beside for inside, beside in same):
        raise WireError("the token of Identity and what stands beside it differ")
    return Passport(f"{parts[0]}.{parts[1]}".encode(), signature, named, claims, info, str(named.get("ppt", "")))


def _decoded(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise WireError("Identity is not base64url") from error
    if _encoded(data) != text:  # one text for one value, else a changed letter would go unseen
        raise WireError("Identity is not base64url as it should be written")
    return data


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(text: str) -> dict[str, object]:
    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        if len({key for key, _ in items}) != len(items):
            raise ValueError("twice")
        return dict(items)

    try:
        value = json.loads(_decoded(text), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise WireError("Identity holds no JSON") from error
    if not isinstance(value, dict):
        raise WireError("Identity holds no JSON object")
    return value


def _from_message(passport: Passport, request: Request) -> Passport:
    """The claims of the compact form, made from the message (RFC 8224 section 4.1, 7): only plain ones can be."""
    if passport.ppt:
        raise _InvalidError("the compact form cannot carry what this kind of token claims")
    try:
        issued = int(parsedate_to_datetime(request.get("date")).timestamp())
    except (ValueError, TypeError, OverflowError) as error:
        raise _InvalidError("the compact form needs a Date header") from error
    orig, dest = _party(request.from_.uri), _party(request.to.uri)
    claims = {"dest": {dest[0]: [dest[1]]}, "iat": issued, "orig": {orig[0]: orig[1]}}
    signed = b".".join(_encoded(_canonical(part)).encode() for part in (passport.header, claims))
    return Passport(signed, passport.signature, passport.header, claims, passport.info, "", compact=True)


def _canonical(value: object) -> bytes:
    """Keys in order, no white space (RFC 8225 section 9)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogateescape"
    )


# ---------------------------------------------------------------- judging


def _check(passport: Passport, request: Request, now_s: float, trusted: bool) -> str:
    """Everything but the signature; returns the caller's number or address, as claimed."""
    if passport.ppt not in ("", "shaken"):
        raise _UnverifiedError("another kind of token than plain or shaken")
    if passport.header.get("alg") != "ES256":
        raise _UnverifiedError("another algorithm than ES256")
    claims = passport.claims
    issued = claims.get("iat")
    if not isinstance(issued, int) or isinstance(issued, bool):
        raise _InvalidError("no time of signing")
    if abs(now_s - issued) > FRESH_S:
        raise _InvalidError("not signed within the last minute")
    if passport.ppt == "shaken" and (claims.get("attest") not in _ATTEST or not isinstance(claims.get("origid"), str)):
        raise _InvalidError("no attestation, or no origid")
    asserted = [uri for text in request.items("p-asserted-identity") for uri in _uris(text)] if trusted else []
    callers = {_party(uri) for uri in (request.from_.uri, *asserted)}
    claimed = _parties(claims.get("orig"))
    if len(claimed) != 1 or not claimed & callers:
        raise _InvalidError("signed for another caller")
    if not _parties(claims.get("dest")) & {_party(request.to.uri), _party(request.uri)}:
        raise _InvalidError("signed for another callee")
    return next(iter(claimed))[1]


def _uris(text: str) -> tuple[str, ...]:
    try:
        return (parse_address(text).uri,)
    except WireError:
        return ()


def _party(uri: str) -> tuple[str, str]:
    """(`tn`, digits) for a telephone number, (`uri`, address) for anything else (RFC 8224 section 8)."""
    plain = split_headers(uri)[0]
    try:
        parsed = parse_uri(plain)
    except WireError:
        return "uri", plain
    user = (parsed.user or (parsed.host if parsed.scheme == "tel" else "")).split(";")[0]
    digits = re.sub(r"[+\-.() ]", "", user)
    if re.fullmatch(r"[0-9*#]+", digits):
        return "tn", digits
    return "uri", f"{parsed.scheme}:{user}@{parsed.host.lower()}" if user else f"{parsed.scheme}:{parsed.host.lower()}"


def _parties(claim: object) -> set[tuple[str, str]]:
    """What `orig` or `dest` names; nothing when it is not written as it should be."""
    if not isinstance(claim, dict):
        return set()
    found = set()
    for kind in ("tn", "uri"):
        values = claim.get(kind, [])
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, str):
                return set()
            found.add(("tn", re.sub(r"[+\-.() ]", "", value)) if kind == "tn" else _party(value))
    return found


def _check_signature(
    passport: Passport, certificates: Certificates, anchors: Sequence[x509.Certificate], now_s: float
) -> None:
    pem = certificates(passport.info)
    if pem is None:
        raise _UnverifiedError("its certificate is not known here")
    try:
        key = trusted_key(pem, anchors, now_s)
    except WireError as error:
        raise _InvalidError(str(error)) from error
    halves = (int.from_bytes(part) for part in (passport.signature[:32], passport.signature[32:]))
    try:
        key.verify(encode_dss_signature(*halves), passport.signed, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise _InvalidError("the signature is not that of the certificate") from error


# ---------------------------------------------------------------- for a line


def checker(certificates: Certificates, anchors_pem: bytes, clock: Callable[[], float] = time.time) -> IdentityCheck:
    """What `SipLine.open(check=...)` takes: `verify` with the clock of this machine.

    Raises:
        LineError: `anchors_pem` holds no certificates.
    """
    try:
        anchors = x509.load_pem_x509_certificates(anchors_pem)
    except ValueError as error:
        raise LineError("the trust anchors hold no certificate that can be read (PEM)") from error
    return lambda request, trusted: verify(request, certificates, anchors, clock(), trusted)


def folder(path: Path) -> Certificates:
    """Chains from files: that of `https://cert.example.org/a/b.pem` is `path/cert.example.org/a/b.pem`. All are read here, once.

    Raises:
        LineError: the folder cannot be read, or a file in it is larger than 100 kB.
    """
    try:
        files: Iterable[Path] = sorted(item for item in path.rglob("*") if item.is_file())
        known = {item.relative_to(path).as_posix(): item.read_bytes() for item in files}
    except OSError as error:
        raise LineError(f"cannot read the certificates in {path}: {error.strerror}") from error
    large = next((name for name, data in known.items() if len(data) > MAX_PEM), None)
    if large is not None:
        raise LineError(f"{path / large} is larger than a chain of certificates can be")

    def find(url: str) -> bytes | None:
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if parts.scheme != "https" or parts.query or parts.fragment or not parts.hostname:
            return None
        return known.get(f"{parts.hostname}{parts.path}")

    return find
