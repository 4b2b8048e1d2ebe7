"""Settings from the environment. Read once at the rim (app.py, cli); never inside the pure rooms."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from callwright.errors import InputError, Problem

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. models: folder of speech models (CALLWRIGHT_MODELS); shared: development data (CALLWRIGHT_SHARED); cache: rendered
    prompts (CALLWRIGHT_CACHE; None = they are kept in memory only); end_on_announcement: stop ringing when an announcement says for certain
    that nobody can answer (CALLWRIGHT_END_ON_ANNOUNCEMENT); quiet_dbov: level of noise sent while nothing is said, None = digital silence
    (CALLWRIGHT_QUIET_DBOV); recordings: what calls are recorded as, `wav` or `opus` (CALLWRIGHT_RECORDINGS); vad: what finds voice, `auto`,
    `silero` or `webrtc` (CALLWRIGHT_VAD); media_core: what moves the packets, `auto`, `compiled`, `plain` (compiled, without io_uring) or
    `python` (CALLWRIGHT_MEDIA_CORE); asr: which recogniser hears, as written (CALLWRIGHT_ASR; read by `recognisers`); voice: which voice speaks,
    as written (CALLWRIGHT_VOICE; read by `voices`); database: address of the database (CALLWRIGHT_DATABASE_URL, an SQLite
    file in the data folder by default); key_file: the master key (CALLWRIGHT_KEY_FILE); blobs: where recordings and bundles lie, `file://`
    or `s3://` (CALLWRIGHT_BLOBS); smtp: mail server (CALLWRIGHT_SMTP_URL, "" = no mail); mail_from: sender of mail (CALLWRIGHT_MAIL_FROM);
    public_url: where people reach the console, for links in mail and for identity services (CALLWRIGHT_PUBLIC_URL, "" = not said); proxies:
    addresses and networks of the proxies in front, whose word is taken for where a request comes from (CALLWRIGHT_PROXIES, by commas);
    packs: folder of rule packs of one's own (CALLWRIGHT_PACKS); ice: STUN and TURN servers for browsers outside of our network, by commas:
    `stun:host:3478`, `turn:user:password@host:3478` (CALLWRIGHT_ICE); skipped_ticks: ticks of 20 ms given up within 10 s after which no call is
    taken for a while, 0 = never (CALLWRIGHT_SKIPPED_TICKS)."""

    models: Path
    shared: Path
    cache: Path | None
    end_on_announcement: bool = False
    quiet_dbov: int | None = None
    recordings: str = "wav"
    vad: str = "auto"
    media_core: str = "auto"
    asr: str = ""
    voice: str = ""
    database: str = field(default="", repr=False)  # it may hold a password
    key_file: Path = Path("callwright.key")
    blobs: str = ""
    smtp: str = field(default="", repr=False)
    mail_from: str = "callwright@localhost"
    public_url: str = ""
    proxies: tuple[str, ...] = ()
    packs: Path | None = None
    ice: tuple[str, ...] = field(default=(), repr=False)
    skipped_ticks: int = 25

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings of this process; folders need not exist (whoever needs one says what is missing).

        Raises:
            InputError: a switch is neither `1` nor `0`; a level is out of its range; a choice is none of those.
        """
        env = os.environ if environ is None else environ
        shared = Path(env.get("CALLWRIGHT_SHARED", "../shared"))
        data = Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "callwright"
        default_models = shared / "models" if (shared / "models").is_dir() else data / "models"
        cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callwright"
        return cls(
            models=Path(env.get("CALLWRIGHT_MODELS") or default_models),
            shared=shared,
            cache=Path(env.get("CALLWRIGHT_CACHE") or cache),
            end_on_announcement=_switch(env, "CALLWRIGHT_END_ON_ANNOUNCEMENT"),
            quiet_dbov=_level(env, "CALLWRIGHT_QUIET_DBOV"),
            recordings=_choice(env, "CALLWRIGHT_RECORDINGS", ("wav", "opus")),
            vad=_choice(env, "CALLWRIGHT_VAD", ("auto", "silero", "webrtc")),
            media_core=_choice(env, "CALLWRIGHT_MEDIA_CORE", ("auto", "compiled", "plain", "python")),
            asr=env.get("CALLWRIGHT_ASR", ""),
            voice=env.get("CALLWRIGHT_VOICE", ""),
            database=env.get("CALLWRIGHT_DATABASE_URL") or f"sqlite:///{data / 'callwright.db'}",
            key_file=Path(env.get("CALLWRIGHT_KEY_FILE") or data / "callwright.key"),
            blobs=env.get("CALLWRIGHT_BLOBS") or (data / "blobs").absolute().as_uri(),
            smtp=env.get("CALLWRIGHT_SMTP_URL", ""),
            mail_from=env.get("CALLWRIGHT_MAIL_FROM") or "callwright@localhost",
            public_url=_address(env, "CALLWRIGHT_PUBLIC_URL"),
            proxies=_networks(env, "CALLWRIGHT_PROXIES"),
            packs=Path(env["CALLWRIGHT_PACKS"]) if env.get("CALLWRIGHT_PACKS") else None,
            ice=_ice(env.get("CALLWRIGHT_ICE", "")),
            skipped_ticks=_number(env, "CALLWRIGHT_SKIPPED_TICKS", 25, 10_000),
        )


def _ice(text: str) -> tuple[str, ...]:
    servers = tuple(one.strip() for one in text.split(",") if one.strip())
    for one in servers:
        if not one.startswith(("stun:", "turn:", "stuns:", "turns:")):
            hint = "write stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT, several by commas"
            raise InputError(Problem("setting", "CALLWRIGHT_ICE names no server of STUN or TURN", hint=hint))
    return servers


def _switch(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "") or "0"
    if value not in ("0", "1"):
        raise InputError(Problem("setting", f"{name} is {value!r}: write 1 for yes or 0 for no"))
    return value == "1"


def _address(env: Mapping[str, str], name: str) -> str:
    """Of a site, without its last slash; "" when nothing is set."""
    value = env.get(name, "").rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("https", "http") or not parts.hostname or parts.path or parts.query):
        raise InputError(
            Problem("setting", f"{name} is {value!r}: write an address like https://callwright.example.com")
        )
    return value


def _networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = tuple(one.strip() for one in env.get(name, "").split(",") if one.strip())
    for one in found:
        try:
            ip_network(one)
        except ValueError:
            hint = "write addresses or networks, several by commas: 127.0.0.1,172.18.0.0/16"
            raise InputError(Problem("setting", f"{name} names no network: {one!r}", hint=hint)) from None
    return found


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The first one when nothing is set."""
    value = env.get(name, "") or choices[0]
    if value not in choices:
        raise InputError(Problem("setting", f"{name} is {value!r}: write {' or '.join(choices)}"))
    return value


def _number(env: Mapping[str, str], name: str, default: int, most: int) -> int:
    value = env.get(name, "") or str(default)
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) <= most):
        raise InputError(Problem("setting", f"{name} is {value!r}: write a whole number from 0 to {most}"))
    return int(value)


def _level(env: Mapping[str, str], name: str) -> int | None:
    value = env.get(name, "")
    if not value:
        return None
    if value not in {str(level) for level in range(-90, -29)}:
        raise InputError(
            Problem("setting", f"{name} is {value!r}: write a level from -90 to -30 (dBov), or leave it out")
        )
    return int(value)
