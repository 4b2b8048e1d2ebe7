"""A fake authority for signed caller numbers: makes certificates and Identity headers that verify, or nearly do. For tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

__all__ = ["NOW", "URL", "Signer", "encoded"]

NOW = 1_764_000_000
URL = "https://cert.example.org/passport.pem"


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """root -> between -> leaf. key, certificate: the leaf's; chain: PEM of leaf and between; anchors: PEM of the root.

    days: how long before and after NOW everything is valid; authority: whether the one in between may issue; curve: of the leaf's key;
    critical: an extension nobody knows, marked critical, in the leaf.
    """

    def __init__(
        self,
        days: tuple[int, int] = (1, 1),
        authority: bool = True,
        curve: ec.EllipticCurve | None = None,
        critical: bool = False,
        path_length: int | None = None,
    ) -> None:
        begin = datetime.fromtimestamp(NOW, UTC)
        self._valid = begin - timedelta(days=days[0]), begin + timedelta(days=days[1])
        root_key, between_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(curve or ec.SECP256R1())
        self.root = self._make("root", "root", root_key, root_key, ca=True, path_length=path_length)
        self.between = self._make("between", "root", between_key, root_key, ca=authority)
        self.certificate = self._make("leaf", "between", self.key, between_key, ca=False, critical=critical)
        self.chain = b"".join(item.public_bytes(Encoding.PEM) for item in (self.certificate, self.between))
        self.anchors = self.root.public_bytes(Encoding.PEM)

    def _make(
        self,
        subject: str,
        issuer: str,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
        *,
        ca: bool,
        critical: bool = False,
        path_length: int | None = None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._valid[0])
            .not_valid_after(self._valid[1])
            .add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        )
        if critical:
            strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
            builder = builder.add_extension(strange, critical=True)
        return builder.sign(signer, SHA256())

    def sign(self, signed: bytes) -> bytes:
        """r and s, 32 octets each (RFC 7518 section 3.4)."""
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def token(self, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
        parts = [encoded(json.dumps(part, sort_keys=True, separators=(",", ":")).encode()) for part in (header, claims)]
        return ".".join([*parts, encoded(self.sign(".".join(parts).encode()))])

    def identity(
        self, caller: str, callee: str, /, *, header: Mapping[str, object] | None = None, **claims: object
    ) -> str:
        """A SHAKEN Identity value; header and claims: what differs from the usual."""
        usual: dict[str, object] = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": URL}
        said: dict[str, object] = {
            "attest": "A",
            "dest": {"tn": [callee.lstrip("+")]},
            "iat": NOW,
            "orig": {"tn": caller.lstrip("+")},
            "origid": "123e4567-e89b-12d3-a456-426655440000",
        }
        token = self.token({**usual, **(header or {})}, {**said, **claims})
        return f"{token};info=<{URL}>;alg=ES256;ppt=shaken"
