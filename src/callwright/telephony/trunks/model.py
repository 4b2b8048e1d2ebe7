"""The line/1 model: trunks to the telephone network, and what answers the numbers that are called. Strict, frozen values.

Built by `callwright.telephony.trunks.loader` (which adds file:line:column to every error), never by hand from unchecked data.
Specification: docs/reference/line-file.md.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from callwright.errors import WireError
from callwright.telephony.port import WireCodec
from callwright.telephony.sip.fields import parse_uri

__all__ = [
    "LINE_FORMAT",
    "Auth",
    "Breaker",
    "Format",
    "Limits",
    "LineFile",
    "Local",
    "Register",
    "Route",
    "Tls",
    "Trunk",
    "User",
]

LINE_FORMAT = "line/1"

Transport = Literal["udp", "tcp", "tls"]
Style = Literal["e164", "digits", "national"]
Answer = Literal["script", "announcement", "echo", "transfer", "reject"]

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def _text(value: Any) -> Any:
    """12321 without quotes loads as a number: names and digits are text."""
    if isinstance(value, bool) or value is None:
        raise ValueError("expected text; put it in quotes (YAML reads bare yes/no/on/off/null as something else)")
    return str(value) if isinstance(value, int | float) else value


def _off(value: Any) -> Any:
    return "off" if value is False else value


def _e164(value: str) -> str:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        number = None
    if not re.fullmatch(r"\+[1-9]\d{5,14}", value) or number is None:
        raise ValueError(f"`{value}` is no E.164 number: write + and the country code, without blanks: +861085550000")
    return value


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise ValueError(f"`{value}` is no IP address") from error


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"`{value}` is no IP address or network: 203.0.113.7 or 203.0.113.0/24 ({error})") from error


def _host(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip("[]")))
    except ValueError:
        if not _HOST.fullmatch(value) or len(value) > 253:
            raise ValueError(f"`{value}` is no host name") from None
        return value.lower()


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\"\\<>]+$")]
Name = Annotated[
    str, BeforeValidator(_text), Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
]
Number = Annotated[str, BeforeValidator(_text), AfterValidator(_e164)]
Digits = Annotated[str, BeforeValidator(_text), Field(max_length=8, pattern=r"^[0-9*#]*$")]
Path_ = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=1_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Local(_Strict):
    """Where we listen. host: IP address of this machine; port 0 = a free one; advertise: IP address the trunk reaches us at, when it is
    another one; trunks that name the same host and port share one socket."""

    host: Annotated[str, BeforeValidator(_text), AfterValidator(_address)] = "0.0.0.0"  # noqa: S104 -- needs `advertise`, checked below
    port: int = Field(default=0, ge=0, le=65535)
    advertise: Annotated[str, BeforeValidator(_text), AfterValidator(_address)] | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Local:
        if self.advertise is None and ipaddress.ip_address(self.host).is_unspecified:
            raise ValueError(
                "a trunk on every address needs `advertise`: the IP address it reaches us at; or name the `host`"
            )
        return self


class _Secret(_Strict):
    """A name and where its password is: an environment variable or a file, never this file."""

    username: Text
    password_env: Annotated[str, BeforeValidator(_text), Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    password_file: Path_ | None = None

    @model_validator(mode="after")
    def _one_place(self) -> _Secret:
        if (self.password_env is None) == (self.password_file is None):
            raise ValueError("name one place of the password: `password_env: NAME` or `password_file: PATH`")
        return self


class Auth(_Secret):
    """What the trunk knows us by, when it asks."""


class User(_Secret):
    """Who may call us over this trunk with a password (digest), from whatever address."""


class Register(_Strict):
    """address: `user@registrar` (the address of record); expires_s: for how long at a time."""

    address: Annotated[str, BeforeValidator(_text)]
    expires_s: int = Field(default=3_600, ge=1, le=604_800)

    @field_validator("address")
    @classmethod
    def _user_at_registrar(cls, value: str) -> str:
        plain = value.removeprefix("sip:")
        try:
            uri = parse_uri(f"sip:{plain}")
        except WireError:
            uri = None
        if uri is None or not uri.user or uri.parameters or "@" not in plain:
            raise ValueError(f"`{value}` is no address of record: write user@registrar.example")
        return plain


class Format(_Strict):
    """How the trunk writes numbers: `e164` (+8613900000001), `digits` (8613900000001) or `national` (as dialled within `country`).

    callee, caller: what we send; incoming: what comes in (default as `callee`/`caller`); prefix: digits before every number we dial;
    trunk_prefix: what stands before a national number (`auto`: as people of the country write it); international_prefix: before a
    foreign one (`auto`: the country's).
    """

    callee: Style = "e164"
    caller: Style = "e164"
    incoming: Style | None = None
    country: Annotated[str, BeforeValidator(_text), Field(pattern=r"^[A-Z]{2}$")] | None = None
    prefix: Digits = ""
    trunk_prefix: Annotated[str, BeforeValidator(_text), Field(pattern=r"^([0-9]{0,4}|auto)$")] = "auto"
    international_prefix: Annotated[str, BeforeValidator(_text), Field(pattern=r"^([0-9]{1,6}|auto)$")] = "auto"

    @model_validator(mode="after")
    def _knows_its_country(self) -> Format:
        if self.country is None and "national" in (self.callee, self.caller, self.incoming):
            raise ValueError("national numbers need `country`: two letters, like CN")
        if self.country is not None and self.country not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"`{self.country}` is no country with telephone numbers: two capital letters, like CN")
        return self


class Limits(_Strict):
    """calls: at once, both directions; calls_per_second: new ones we place, `burst` of them together; wait_s: how long one waits for its
    turn."""

    calls: int = Field(default=30, ge=1, le=100_000)
    calls_per_second: float = Field(default=10.0, gt=0, le=10_000)
    burst: int = Field(default=1, ge=1, le=1_000)
    wait_s: float = Field(default=5.0, ge=0, le=300)


class Breaker(_Strict):
    """The trunk rests for `rest_s` after `failures` 5xx, time-outs or transport errors within `window_s`; then one call tries it."""

    failures: int = Field(default=5, ge=1, le=1_000)
    window_s: float = Field(default=30.0, gt=0, le=3_600)
    rest_s: float = Field(default=30.0, gt=0, le=3_600)


class Tls(_Strict):
    """PEM files, relative to this file; see `telephony.sip.tls.TlsSettings`."""

    ca_file: Path_ | None = None
    certificate: Path_ | None = None
    key: Path_ | None = None
    server_name: Text | None = None

    @model_validator(mode="after")
    def _key_of_what(self) -> Tls:
        if self.key is not None and self.certificate is None:
            raise ValueError("a `key` without its `certificate`")
        return self


class Proxy(_Strict):
    """Where calls go. port None: DNS decides (NAPTR, SRV), or the default of the transport for an IP address; transport None: DNS decides."""

    host: str
    port: int | None = None
    transport: Transport | None = None


def _proxy(value: Any) -> Any:
    """`sip:host[:port][;transport=udp|tcp|tls]`, or only `host[:port]`."""
    text = _text(value)
    if not isinstance(text, str):
        raise ValueError("write one text: sip:host[:port][;transport=udp|tcp|tls], or a domain")  # noqa: TRY004 -- for pydantic
    try:
        uri = parse_uri(text if text.lower().startswith(("sip:", "sips:")) else f"sip:{text}")
    except WireError:
        uri = None
    if uri is None or not uri.host or uri.user or uri.scheme != "sip":
        raise ValueError(f"`{text}` is no proxy: write sip:host[:port][;transport=udp|tcp|tls], or a domain")
    parameters = dict(uri.parameters)
    transport = parameters.pop("transport", None)
    if parameters or transport not in (None, "udp", "tcp", "tls"):
        raise ValueError(f"`{text}`: the only parameter of a proxy is transport=udp, tcp or tls")
    return Proxy(host=_host(uri.host), port=uri.port, transport=transport)


class Trunk(_Strict):
    """One way to the telephone network. numbers: caller numbers of ours (E.164), the only ones it may show.

    domain: host of our From (default: the proxy's); options_s: ask the proxy that often whether it is there (0 = never);
    no_reply_s: silence after an INVITE until the next target or trunk is tried; ring_s, call_s: the longest ringing and call;
    session_expires_s: session timer asked for (0 = none); sources: addresses that may call us; trusted: believe what they assert about
    callers; users: who may call with a password; digest: the algorithms they are offered, best first (a caller that looks at the first
    one only may need MD5 alone); priority: smaller ones first; weight: share among those of the same priority.
    """

    name: Name
    tenant: Name = "default"
    proxy: Annotated[Proxy, BeforeValidator(_proxy)]
    local: Local
    domain: Annotated[str, BeforeValidator(_text), AfterValidator(_host)] | None = None
    auth: Auth | None = None
    register_: Register | None = Field(default=None, alias="register")
    numbers: tuple[Number, ...] = ()
    format: Format = Format()
    limits: Limits = Limits()
    codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")
    srtp: Annotated[Literal["off", "optional", "required"], BeforeValidator(_off)] = "off"
    tls: Tls | None = None
    session_expires_s: Annotated[int, Field(ge=0, le=86_400)] = 1_800
    options_s: Annotated[float, Field(ge=0, le=3_600)] = 30.0
    no_reply_s: Annotated[float, Field(ge=0.1, le=32)] = 6.0
    ring_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    call_s: Annotated[float, Field(gt=0, le=86_400)] = 3_600.0
    sources: tuple[Annotated[str, BeforeValidator(_text), AfterValidator(_network)], ...] = ()
    trusted: bool = False
    users: tuple[User, ...] = ()
    digest: tuple[Literal["SHA-256", "MD5"], ...] = ("SHA-256", "MD5")
    priority: int = Field(default=10, ge=0, le=1_000)
    weight: int = Field(default=1, ge=1, le=1_000)
    breaker: Breaker = Breaker()

    @model_validator(mode="after")
    def _whole(self) -> Trunk:
        if 0 < self.session_expires_s < 90:
            raise ValueError("`session_expires_s` must be 0 or at least 90 (RFC 4028)")
        if not self.codecs:
            raise ValueError("`codecs` is empty: name at least one, like PCMA")
        if self.srtp == "required" and self.proxy.transport != "tls":
            raise ValueError("`srtp: required` needs `;transport=tls` in the proxy: the keys travel in the signalling")
        if not self.digest:
            raise ValueError("`digest` is empty: name SHA-256, MD5 or both")
        if len({user.username for user in self.users}) < len(self.users):
            raise ValueError("two `users` have the same username")
        return self

    @property
    def transport(self) -> Transport:
        """How we send; UDP when the file leaves it open (DNS may then offer it only)."""
        return self.proxy.transport or "udp"

    @property
    def from_domain(self) -> str:
        """The host of our From."""
        return self.domain or self.proxy.host


class Route(_Strict):
    """What answers a called number: `number` (E.164), `prefix` (+ and digits) or `default: true`; the first route that fits counts.

    trunk: only calls of this trunk. Exactly one of script, announcement (WAV), echo, transfer (SIP URI or number), reject (code).
    """

    number: Number | None = None
    prefix: Annotated[str, BeforeValidator(_text), Field(pattern=r"^\+[0-9]{1,14}$")] | None = None
    default: Literal[True] | None = None
    trunk: Name | None = None
    script: Path_ | None = None
    announcement: Path_ | None = None
    echo: Literal[True] | None = None
    transfer: Text | None = None
    reject: Annotated[int, Field(ge=400, le=699)] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Route:
        if sum(item is not None for item in (self.number, self.prefix, self.default)) != 1:
            raise ValueError("a route names one of `number`, `prefix`, `default: true`")
        if (
            sum(getattr(self, kind) is not None for kind in ("script", "announcement", "echo", "transfer", "reject"))
            != 1
        ):
            raise ValueError("a route says one of `script`, `announcement`, `echo: true`, `transfer`, `reject`")
        if self.transfer is not None:
            _transfer_target(self.transfer)
        return self

    @property
    def answer(self) -> Answer:
        """Which of the five it is."""
        kinds: tuple[Answer, ...] = ("script", "announcement", "echo", "transfer", "reject")
        return next(kind for kind in kinds if getattr(self, kind) is not None)

    def fits(self, called: str, trunk: str) -> bool:
        """Whether this route is for `called` (E.164, or what the trunk sent when that is no number) over a trunk."""
        if self.trunk is not None and self.trunk != trunk:
            return False
        if self.number is not None:
            return called == self.number
        return self.default is True or (self.prefix is not None and called.startswith(self.prefix))


def _transfer_target(text: str) -> None:
    if re.fullmatch(r"\+[1-9]\d{5,14}", text):
        return
    try:
        uri = parse_uri(text)
    except WireError:
        uri = None
    if uri is None or uri.scheme not in ("sip", "sips", "tel"):
        raise ValueError(f"`{text}` is no target: write a SIP URI (sip:desk@192.0.2.1) or a number (+861085550001)")


class LineFile(_Strict):
    """A whole line/1 file."""

    format: Literal["line/1"]
    trunks: Annotated[tuple[Trunk, ...], Field(max_length=1_000)]
    inbound: Annotated[tuple[Route, ...], Field(max_length=10_000)] = ()

    def route(self, called: str, trunk: str) -> Route | None:
        """What answers a call to `called` over `trunk`: the first route that fits."""
        return next((route for route in self.inbound if route.fits(called, trunk)), None)
