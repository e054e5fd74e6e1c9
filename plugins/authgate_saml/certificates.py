"""The certificates that a provider signs by, as its metadata list them."""

import binascii
from base64 import b64decode
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_SMALLEST_RSA = 2048


class UnfitCertificate(ValueError):
    """No certificate that a signature can be believed by."""


def certificate_of(text: str) -> x509.Certificate:
    """The certificate of ``ds:X509Certificate``. Raises ``UnfitCertificate``."""
    try:
        found = x509.load_der_x509_certificate(b64decode("".join(text.split()), validate=True))
        key = found.public_key()
    except (binascii.Error, ValueError, TypeError) as error:
        raise UnfitCertificate("no certificate") from error
    except Exception as error:  # a kind of key that the library does not know
        raise UnfitCertificate("a certificate with a key that is not supported") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        raise UnfitCertificate(f"an RSA key of less than {_SMALLEST_RSA} bits")
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise UnfitCertificate("a key that is neither RSA nor of an elliptic curve")
    return found


def is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether its time has begun and has not ended."""
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
