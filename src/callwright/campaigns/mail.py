"""Carries mail to the server of `CALLWRIGHT_SMTP_URL`: `smtp://host:25`, `smtps://user:password@host:465`, `smtp+starttls://user:password@host:587`."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import anyio.to_thread

from callwright.errors import Problem, SettingsError

__all__ = ["SmtpPost"]

TIMEOUT_S = 15.0
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True, slots=True)
class SmtpPost:
    """A mail server. The password never appears in its text."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"SmtpPost({self.scheme}://{self.host}:{self.port})"

    @classmethod
    def from_url(cls, url: str) -> SmtpPost:
        """The server of an address.

        Raises:
            SettingsError: not an address of a mail server, or a password that would cross the net in the open.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
            host, user, password = parts.hostname or "", unquote(parts.username or ""), unquote(parts.password or "")
        except (ValueError, KeyError):
            host, user, password, port = "", "", "", 0
        hint = "write smtp+starttls://user:password@host:587, smtps://user:password@host:465 or smtp://host:25"
        if not host:
            raise SettingsError(Problem("smtp", "CALLWRIGHT_SMTP_URL names no mail server", hint=hint))
        if user and parts.scheme == "smtp":
            raise SettingsError(Problem("smtp", "CALLWRIGHT_SMTP_URL would send a password unencrypted", hint=hint))
        return cls(parts.scheme, host, port, user, password)

    async def send(self, mail: EmailMessage) -> None:
        """Hand one message over.

        Raises:
            OSError: the server cannot be reached, or does not take it.
        """
        await anyio.to_thread.run_sync(self._send, mail, abandon_on_cancel=True)

    def _send(self, mail: EmailMessage) -> None:
        try:
            with self._connect() as server:
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(mail)
        except smtplib.SMTPException as error:
            raise OSError(f"the mail server does not take it: {type(error).__name__}") from None

    def _connect(self) -> smtplib.SMTP:
        if self.scheme == "smtps":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        if self.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        return server
