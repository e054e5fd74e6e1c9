"""Clients that prove by a certificate who they are (RFC 8705 section 2)."""

from cryptography import x509

from authgate.clock import Clock
from authgate.oauth.client_keys import ClientKeys
from authgate.storage.clients.metadata import SELF_SIGNED_TLS, TLS, ClientMetadata
from authgate.storage.clients.rows import Client
from authgate.tokens.jwk import BadJwk, members_of
from authgate.web.client_certificate import ClientCertificate, ClientCertificates
from authgate.web.machine import MachineRequest


class ClientTls:
    """Checks the certificates of clients."""

    def __init__(self, *, certificates: ClientCertificates, keys: ClientKeys, clock: Clock) -> None:
        self._certificates = certificates
        self._keys = keys
        self._clock = clock

    async def method(self, request: MachineRequest, client: Client) -> str:
        """By which of its methods a certificate proves this client; empty where by none."""
        methods = client.authentication_methods
        if methods.isdisjoint((TLS, SELF_SIGNED_TLS)):
            return ""
        certificate = self._certificates.of(request)
        if certificate is None or not certificate.lasts(self._clock()):
            return ""
        if TLS in methods and certificate.is_verified and _is_named(client.metadata, certificate):
            return TLS
        if SELF_SIGNED_TLS in methods and await self._is_registered(client, certificate):
            return SELF_SIGNED_TLS
        return ""

    async def _is_registered(self, client: Client, certificate: ClientCertificate) -> bool:
        try:
            members = members_of(certificate.parsed.public_key())
        except BadJwk:
            return False
        return any(key.members == members for key in await self._keys.all_of(client))


def _is_named(metadata: ClientMetadata, certificate: ClientCertificate) -> bool:
    """RFC 8705 section 2.1.2: the one name that the client has registered."""
    if metadata.tls_client_auth_subject_dn:
        return _is_same(metadata.tls_client_auth_subject_dn, certificate.parsed.subject)
    wanted = metadata.tls_client_auth_san_dns
    return bool(wanted) and wanted.lower() in _dns_names(certificate.parsed)


def _is_same(registered: str, subject: x509.Name) -> bool:
    """Whether a name, written as RFC 4514 has it, is this one."""
    try:
        wanted = x509.Name.from_rfc4514_string(registered)
    except ValueError:
        return False
    return wanted.rfc4514_string() == subject.rfc4514_string()


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in names.value.get_values_for_type(x509.DNSName)]
