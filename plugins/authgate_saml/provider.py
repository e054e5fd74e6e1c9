"""An identity provider by its metadata (SAML 2.0 Metadata section 2.4.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography import x509

from authgate.plugin_api.hosts import is_https
from authgate_saml.certificates import UnfitCertificate, certificate_of
from authgate_saml.markup import (
    Element,
    Unreadable,
    attribute,
    below,
    children,
    name_of,
    parsed,
    text_of,
)
from authgate_saml.moments import moment_of

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
_LARGEST = 262_144
_LONGEST = 255
_LONGEST_URL = 1024
_MOST_CERTIFICATES = 10


class UnfitMetadata(ValueError):
    """No metadata of a provider that people can sign in at. The text is told to administrators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What the metadata say."""

    entity_id: str
    sso_url: str
    """Its single sign-on service with the HTTP-Redirect binding."""

    certificates: Sequence[x509.Certificate]
    """Those that it signs by: more than one while it goes over to the next."""

    valid_until: datetime | None = None
    wants_signed_requests: bool = False

    @classmethod
    def read(cls, metadata: bytes, *, now: datetime) -> Self:
        """The provider of these metadata. Raises ``UnfitMetadata``."""
        try:
            entity = parsed(metadata, most=_LARGEST)
        except Unreadable as error:
            raise UnfitMetadata(f"are {error}") from error
        if entity.tag != name_of("md:EntityDescriptor"):
            raise UnfitMetadata("are no EntityDescriptor, the metadata of one provider")
        role = _role(entity)
        provider = cls(
            entity_id=_entity_id(entity),
            sso_url=_sso_url(role),
            certificates=_certificates(role),
            valid_until=_valid_until(entity, role),
            wants_signed_requests=role.get("WantAuthnRequestsSigned") in {"true", "1"},
        )
        if provider.valid_until is not None and provider.valid_until <= now:
            raise UnfitMetadata("are not valid any more (validUntil)")
        return provider


def _role(entity: Element) -> Element:
    roles = [
        each
        for each in children(entity, "md:IDPSSODescriptor")
        if _PROTOCOL in attribute(each, "protocolSupportEnumeration").split()
    ]
    if len(roles) != 1:
        raise UnfitMetadata("do not have one IDPSSODescriptor for SAML 2.0")
    return roles[0]


def _entity_id(entity: Element) -> str:
    found = attribute(entity, "entityID")
    if not found or len(found) > _LONGEST or not found.isprintable():
        raise UnfitMetadata("have no entityID of at most 255 characters")
    if not found.startswith(("https://", "http://", "urn:")):
        raise UnfitMetadata("have an entityID that is no URI")
    return found


def _sso_url(role: Element) -> str:
    for each in children(role, "md:SingleSignOnService"):
        if each.get("Binding") == REDIRECT:
            return _checked_url(attribute(each, "Location"))
    raise UnfitMetadata("have no SingleSignOnService with the HTTP-Redirect binding")


def _checked_url(url: str) -> str:
    if not is_https(url) or len(url) > _LONGEST_URL:
        raise UnfitMetadata("have a SingleSignOnService that is no https address")
    return url


def _certificates(role: Element) -> Sequence[x509.Certificate]:
    keys = [each for each in children(role, "md:KeyDescriptor") if each.get("use") != "encryption"]
    texts = [text_of(it) for each in keys for it in below(each, "ds:X509Certificate")]
    if not texts or len(texts) > _MOST_CERTIFICATES:
        raise UnfitMetadata(f"do not have 1 to {_MOST_CERTIFICATES} certificates for signing")
    try:
        return [certificate_of(each) for each in dict.fromkeys(texts)]
    except UnfitCertificate as error:
        raise UnfitMetadata(f"have {error}") from error


def _valid_until(*elements: Element) -> datetime | None:
    try:
        said = [attribute(each, "validUntil") for each in elements]
        ends = [moment_of(each) for each in said if each]
    except ValueError as error:
        raise UnfitMetadata("have a validUntil that is no time") from error
    return min(ends, default=None)
