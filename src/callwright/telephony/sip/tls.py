"""TLS for the line: whom we believe, and who we are. Verification is never switched off."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from callwright.errors import LineError

__all__ = ["TlsSettings", "client_context", "explain", "server_context"]


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """ca_file: PEM of the authorities we believe ("" = those of the system); certificate, key: PEM of our own ("" = none; then nobody
    can open a connection to us); server_name: name the far side's certificate must show ("" = the host that was dialled)."""

    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    server_name: str = ""


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """For connections we open. Raises LineError: a file is missing or is no PEM."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise LineError(f"the CA file {settings.ca_file!r} cannot be used: {_text(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return _with_identity(context, settings)


def server_context(settings: TlsSettings) -> ssl.SSLContext | None:
    """For connections opened to us; None without a certificate. With a CA file the far side must show a certificate too."""
    if not settings.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ca_file:
        try:
            context.load_verify_locations(settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise LineError(f"the CA file {settings.ca_file!r} cannot be used: {_text(error)}") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return _with_identity(context, settings)


def _with_identity(context: ssl.SSLContext, settings: TlsSettings) -> ssl.SSLContext:
    if settings.certificate:
        try:
            context.load_cert_chain(settings.certificate, settings.key or None)
        except (OSError, ssl.SSLError) as error:
            raise LineError(f"the certificate {settings.certificate!r} cannot be used: {_text(error)}") from error
    return context


def explain(error: BaseException) -> str:
    """What went wrong with a connection, and how to mend it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the far side's certificate is not accepted ({error.verify_message}): give its CA file, or its name as server_name"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({_text(error)})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return _text(error) if isinstance(error, OSError) else type(error).__name__


def _text(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return str(reason or error)
