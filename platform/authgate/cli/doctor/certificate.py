"""Certificates in files: the server's own, and the authorities it believes."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.serving import ServingError
from authgate.serving.tls import tls_context
from authgate.settings import Settings

CERTIFICATE_UNUSABLE = Misconfiguration(
    code="certificate-unusable",
    area=Area.ADDRESS,
    wrong="The TLS certificate cannot be read, or its key is another one's.",
    why="The server does not start.",
    cure="Name the chain in `server.certificate_file` and its key in"
    " `server.certificate_key_file`, both PEM.",
)
CERTIFICATE_ENDS = Misconfiguration(
    code="certificate-ends",
    severity=Severity.WARNING,
    area=Area.ADDRESS,
    wrong="The TLS certificate ends within 14 days, or has ended.",
    why="Browsers and clients then refuse to speak to the server.",
    cure="Renew it, and restart the workers: `kill -HUP` to the server.",
)
AUTHORITIES_UNUSABLE = Misconfiguration(
    code="authorities-unusable",
    area=Area.ADDRESS,
    wrong="`egress.ca_file` cannot be read, or holds no certificate.",
    why="The server does not start.",
    cure="Name a file of certificates, PEM, in `egress.ca_file`, or take it out.",
)

_SOON = timedelta(days=14)


def findings(settings: Settings) -> Iterator[Finding]:
    """What is wrong with the files that the settings name."""
    server, authorities = settings.server, settings.egress.ca_file
    if server.certificate_file is not None:
        yield from _own(server.certificate_file, server.certificate_key_file)
    if authorities is not None:
        try:
            ssl.create_default_context(cafile=authorities)
        except OSError as error:
            yield AUTHORITIES_UNUSABLE.found(f"{authorities}: {error.strerror}")


def ends(until: datetime, *, now: datetime) -> Iterator[Finding]:
    """Whether a certificate ends soon."""
    if until < now + _SOON:
        yield CERTIFICATE_ENDS.found(f"it ends on {until:%Y-%m-%d}")


def _own(certificate: Path, key: Path | None) -> Iterator[Finding]:
    try:
        tls_context(certfile=certificate, keyfile=key, alpn=())
        [first, *_] = x509.load_pem_x509_certificates(certificate.read_bytes())
    except (ServingError, OSError, ValueError) as error:
        yield CERTIFICATE_UNUSABLE.found(str(error))
        return
    yield from ends(first.not_valid_after_utc, now=datetime.now(UTC))
