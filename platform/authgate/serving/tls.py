"""The TLS end of a connection (RFC 9325), where no proxy ends it."""

import ssl
from pathlib import Path

from authgate.serving.errors import CertificateUnusable

HANDSHAKE_SECONDS = 5.0
CLOSE_SECONDS = 5.0  # for the last answer to reach a slow peer, too


def tls_context(*, certfile: Path, keyfile: Path | None, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """A server context for the certificate chain, offering the protocols in that order.

    Raises ``CertificateUnusable``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(alpn))
    try:
        context.load_cert_chain(certfile, keyfile)
    except OSError as error:  # OpenSSL's errors are among them
        reason = error.strerror or type(error).__name__
        raise CertificateUnusable(f"cannot use the certificate {certfile}: {reason}") from error
    return context
