"""The certificate that a client has shown to the proxy in front of us (RFC 8705, RFC 9440).

TLS ends at the proxy, so we know of it what a header says: believed from proxies that the operator
trusts, and from nobody else.
"""

import base64
import binascii
import hashlib
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

from cryptography import x509

from authgate.web.client_ip import ClientAddress
from authgate.web.machine import MachineRequest

_LONGEST = 16_384
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_VERIFIED = "SUCCESS"


class ClientCertificate(NamedTuple):
    """A certificate whose key the client has proven to hold."""

    der: bytes
    parsed: x509.Certificate
    is_verified: bool
    """Whether the proxy has followed it to an authority that it knows."""

    @property
    def thumbprint(self) -> str:
        """``x5t#S256`` (RFC 8705 section 3.1)."""
        digest = hashlib.sha256(self.der).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def lasts(self, now: datetime) -> bool:
        """Whether it is in its time."""
        return self.parsed.not_valid_before_utc <= now <= self.parsed.not_valid_after_utc


class ClientCertificates:
    """Reads them; ``header`` is empty where no proxy passes any."""

    def __init__(self, *, header: str, verified_header: str, addresses: ClientAddress) -> None:
        self._header = header.lower().encode("ascii")
        self._verified = verified_header.lower().encode("ascii")
        self._addresses = addresses

    @property
    def are_passed(self) -> bool:
        """Whether any proxy passes certificates."""
        return bool(self._header)

    def of(self, request: MachineRequest) -> ClientCertificate | None:
        """The certificate of a request; ``None`` where there is none that can be believed."""
        if not self._header or not self._addresses.trusts(request.peer):
            return None
        sent = request.header(self._header)
        if not sent or len(sent) > _LONGEST:
            return None
        try:
            der = _decoded(sent)
            parsed = x509.load_der_x509_certificate(der)
        except (ValueError, binascii.Error):
            return None
        return ClientCertificate(der, parsed, self._is_verified(request))

    def thumbprint(self, request: MachineRequest) -> str:
        """``x5t#S256`` of it; empty where there is none."""
        certificate = self.of(request)
        return certificate.thumbprint if certificate else ""

    def _is_verified(self, request: MachineRequest) -> bool:
        # A proxy that asks for certificates without checking them passes everybody's.
        return bool(self._verified) and request.header(self._verified) == _VERIFIED


def _decoded(sent: str) -> bytes:
    """DER: of RFC 9440 (``:base64:``), of bare base64, or of PEM with escapes."""
    text = unquote(sent) if "%" in sent else sent
    if _BEGIN in text:
        text = text.partition(_BEGIN)[2].partition(_END)[0]
    joined = "".join(text.split())
    if joined.startswith(":") and joined.endswith(":"):
        joined = joined[1:-1]
    return base64.b64decode(joined, validate=True)
