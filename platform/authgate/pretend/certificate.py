"""A certificate for servers of this machine that end TLS themselves."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate_in(folder: Path, *, valid: timedelta = timedelta(hours=1)) -> tuple[Path, Path]:
    """Write a certificate for this machine that vouches for itself, and its key; both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Of several that are believed, who vouches is looked up by the whole name.
    whose = x509.NameAttribute(NameOID.ORGANIZATION_NAME, token_hex(8))
    name = x509.Name([whose, x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    addresses = map(ipaddress.ip_address, ("127.0.0.1", "0.0.0.0"))  # noqa: S104 - named, no more
    names = [x509.DNSName("localhost"), *map(x509.IPAddress, addresses)]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "cert.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private
