"""Chains of certificates for signed caller numbers (RFC 8226, RFC 5280 section 6, as far as STIR needs it)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from callwright.errors import WireError

__all__ = ["trusted_key"]

MAX_CHAIN = 6
T = TypeVar("T", bound=x509.ExtensionType)
_TN_AUTH_LIST = "1.3.6.1.5.5.7.1.26"
_UNDERSTOOD = {
    _TN_AUTH_LIST,
    *(item.dotted_string for item in (ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE)),
    *(item.dotted_string for item in (ExtensionOID.EXTENDED_KEY_USAGE, ExtensionOID.CERTIFICATE_POLICIES)),
}


def trusted_key(pem: bytes, anchors: Sequence[x509.Certificate], now_s: float) -> ec.EllipticCurvePublicKey:
    """The key of the first certificate in `pem`, once it leads to one of `anchors` over the others, all in date.

    Raises:
        WireError: no chain, not trusted, out of date, no key for ES256, or an extension that must be understood and is not.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise WireError("the certificate cannot be read") from error
    if len(chain) > MAX_CHAIN:
        raise WireError("the chain of certificates is too long")
    leaf, *between = chain
    now = datetime.fromtimestamp(now_s, UTC)
    try:
        _check(leaf, now, None)
        _climb(leaf, between, anchors, now)
        key = leaf.public_key()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise WireError("a certificate of the chain is malformed") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise WireError("the certificate has no key on the curve P-256")
    return key


def _climb(
    leaf: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], now: datetime
) -> None:
    """Follow the issuers until an anchor: depth counts the authorities below the one that is looked at."""
    current, left = leaf, list(between)
    for depth in range(len(between) + 1):
        if current in anchors:
            return
        anchor = next((item for item in anchors if _issued(current, item)), None)
        if anchor is not None:
            _check(anchor, now, depth)
            return
        issuer = next((item for item in left if _issued(current, item)), None)
        if issuer is None:
            break
        _check(issuer, now, depth)
        left.remove(issuer)
        current = issuer
    raise WireError("the certificate leads to nobody who is trusted")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check(certificate: x509.Certificate, now: datetime, depth: int | None) -> None:
    """In date, understood, and allowed to do what it does: sign (depth None), or issue with `depth` authorities below."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise WireError("a certificate is out of date")
    extensions = certificate.extensions
    if any(item.critical and item.oid.dotted_string not in _UNDERSTOOD for item in extensions):
        raise WireError("a certificate demands what is not understood here")
    constraints = _extension(extensions, x509.BasicConstraints)
    usage = _extension(extensions, x509.KeyUsage)
    if depth is None:
        if usage is not None and not usage.digital_signature:
            raise WireError("the certificate may not sign")
        return
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        raise WireError("a certificate was issued by one that may not issue any")
    if constraints.path_length is not None and depth > constraints.path_length:
        raise WireError("the chain of certificates is longer than allowed")


def _extension(extensions: x509.Extensions, kind: type[T]) -> T | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
