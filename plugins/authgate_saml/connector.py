"""SAML 2.0, Web Browser SSO Profile: this server is the service provider.

Only answers to requests of ours count, signed by a certificate of the connection's metadata.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

from authgate.plugin_api import (
    ConnectorConfigError,
    ConnectorError,
    Ending,
    ExternalIdentity,
    HttpFailure,
    LoginAttempt,
    LoginConnector,
    ProviderAnswer,
    ProviderUnavailable,
    Setting,
    SetupStep,
    SignInRefused,
    UnfitDocument,
)
from authgate.plugin_api.hosts import check_host, check_https

if TYPE_CHECKING:
    from authgate_saml.markup import Element
    from authgate_saml.provider import Provider

_NEEDED = ("lxml", "signxml")
_LACKING = "cannot be read: this server was installed without the extra authgate[saml]"

NOT_BELIEVED = "What the provider said about you does not fit this sign-in. Please try again."
NOT_SIGNED_IN = "The provider did not sign you in."


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlConfig:
    """What a tenant's administrator enters, from the provider's page of this application."""

    metadata_url: Annotated[
        str,
        Setting(
            "Where the provider publishes its metadata. They are read again by themselves, so that "
            "its next certificate is known.",
            label="Metadata address",
            vouches=True,
        ),
    ] = ""
    metadata: Annotated[
        str,
        Setting(
            "The provider's metadata themselves, where it publishes none.",
            label="Metadata",
            lines=True,
            vouches=True,
        ),
    ] = ""
    trusted_domains: Annotated[
        tuple[str, ...],
        Setting(
            "Domains of your own, whose addresses the provider gives to nobody else. An address at "
            "another domain does not count as verified.",
            label="Trusted domains",
        ),
    ] = ()
    subject_attribute: Annotated[
        str,
        Setting(
            "The attribute that never changes and is given to nobody else; without one it is the "
            "NameID. To change it makes everybody a stranger.",
            label="Subject",
        ),
    ] = ""
    username_attribute: Annotated[
        str,
        Setting(
            "The attribute that wishes for a username; without one the usual ones are looked for.",
            label="Username",
        ),
    ] = ""
    email_attribute: Annotated[
        str,
        Setting(
            "The attribute with the e-mail address; without one the usual ones are looked for.",
            label="Email",
        ),
    ] = ""
    name_attribute: Annotated[
        str,
        Setting(
            "The attribute with the full name; without one the usual ones are looked for.",
            label="Full name",
        ),
    ] = ""
    groups_attribute: Annotated[
        str,
        Setting(
            "The attribute that lists groups; without one the usual ones are looked for.",
            label="Groups",
        ),
    ] = ""

    def __post_init__(self) -> None:
        if not all(map(find_spec, _NEEDED)):
            raise ConnectorConfigError("metadata_url", _LACKING)
        if bool(self.metadata_url) == bool(self.metadata):
            raise ConnectorConfigError("metadata_url", "give an address or the metadata, and one")
        if self.metadata_url:
            check_https("metadata_url", self.metadata_url)
        else:
            _check_metadata(self.metadata)
        for each in self.trusted_domains:
            check_host("trusted_domains", each.lower())


class SamlConnector(LoginConnector[SamlConfig]):
    """One provider, by its metadata."""

    name = "saml"
    label = "SAML 2.0"
    icon = "key-round"
    config_type = SamlConfig
    form_state = "RelayState"
    metadata_type = "application/samlmetadata+xml"

    async def authorization_url(self, attempt: LoginAttempt) -> str:
        """The provider's single sign-on service, with a request."""
        from authgate_saml.service import request_url

        return request_url(attempt, (await self.provider()).sso_url, now=_now())

    async def identify(self, attempt: LoginAttempt, answer: ProviderAnswer) -> ExternalIdentity:
        """Who the assertion is about, once all of it is checked."""
        from authgate_saml.refusals import Unfit
        from authgate_saml.responses import Declined, response_of

        try:
            response = response_of(answer.form.get("SAMLResponse", ""))
            assertion, provider = await self._assertion(response, attempt)
            return self._identity(assertion, provider.entity_id)
        except Declined as error:
            raise SignInRefused(NOT_SIGNED_IN, cause=str(error)) from error
        except Unfit as error:
            raise SignInRefused(NOT_BELIEVED, cause=str(error)) from error

    async def metadata(self, *, redirect_uri: str, metadata_uri: str) -> str:
        """Those of this server as the service provider."""
        from authgate_saml import service

        return service.metadata(redirect_uri=redirect_uri, metadata_uri=metadata_uri)

    async def provider(self, *, renewed: bool = False) -> "Provider":
        """The provider by its metadata. Raises ``ConnectorConfigError``, ``ProviderUnavailable``
        and ``HttpFailure``."""
        from authgate_saml.provider import Provider, UnfitMetadata

        try:
            return Provider.read(await self._metadata(renewed=renewed), now=_now())
        except UnfitMetadata as error:
            raise ProviderUnavailable(f"The metadata {error}.") from error

    async def examine(self) -> Sequence[SetupStep]:
        """The metadata and what is in them, each as a step."""
        from authgate_saml.examination import steps_of

        try:
            provider = await self.provider(renewed=True)
        except (ConnectorError, ConnectorConfigError, HttpFailure) as error:
            return [SetupStep(name="Metadata", passed=False, said=str(error))]
        metadata, *others = steps_of(provider, now=_now())
        return [self.as_read(metadata, self.config.metadata_url), *others]

    async def endings(self) -> Sequence[Ending]:
        """The certificates that the provider signs by; and pasted metadata, which nobody renews."""
        provider = await self.provider()
        ends = [
            Ending(name="Signing certificates", at=each.not_valid_after_utc)
            for each in provider.certificates
        ]
        if self.config.metadata and provider.valid_until is not None:
            ends.append(Ending(name="Metadata", at=provider.valid_until))
        return ends

    async def _metadata(self, *, renewed: bool) -> bytes:
        if self.config.metadata:
            return self.config.metadata.encode()
        return await self.documents.read_bytes(
            self.config.metadata_url, renewed=renewed, check=_check_fit
        )

    async def _assertion(
        self, response: "Element", attempt: LoginAttempt
    ) -> tuple["Element", "Provider"]:
        """The assertion, and whose it is; by newer metadata where those that are known have no
        certificate that fits. Raises ``Unfit``."""
        from authgate_saml.signatures import WrongKey

        provider = await self.provider()
        try:
            return await _believed(response, attempt, provider), provider
        except WrongKey:
            renewed = await self.provider(renewed=True)
            if renewed == provider:
                raise
            return await _believed(response, attempt, renewed), renewed

    def _identity(self, assertion: "Element", issuer: str) -> ExternalIdentity:
        from authgate_saml.people import Chosen, identity_of

        config = self.config
        return identity_of(
            assertion,
            issuer=issuer,
            chosen=Chosen(
                subject=config.subject_attribute,
                username=config.username_attribute,
                email=config.email_attribute,
                name=config.name_attribute,
                groups=config.groups_attribute,
            ),
            trusted_domains={each.lower() for each in config.trusted_domains},
        )


async def _believed(response: "Element", attempt: LoginAttempt, provider: "Provider") -> "Element":
    from authgate_saml import assertions, responses
    from authgate_saml.service import request_id
    from authgate_saml.signatures import signed_assertion

    expected = assertions.Expected(
        issuer=provider.entity_id,
        audience=attempt.metadata_uri,
        recipient=attempt.redirect_uri,
        request_id=request_id(attempt),
        now=_now(),
    )
    responses.check(response, expected)
    # In a thread: however long it takes, nobody else waits for it.
    assertion = await asyncio.to_thread(
        signed_assertion, response, provider.certificates, now=expected.now
    )
    assertions.check(assertion, expected)
    return assertion


def _check_fit(metadata: bytes) -> None:
    from authgate_saml.provider import Provider, UnfitMetadata

    try:
        Provider.read(metadata, now=_now())
    except UnfitMetadata as error:
        raise UnfitDocument(f"The metadata {error}.") from error


def _check_metadata(pasted: str) -> None:
    from authgate_saml.provider import Provider, UnfitMetadata

    try:
        Provider.read(pasted.encode(), now=_now())
    except UnfitMetadata as error:
        raise ConnectorConfigError("metadata", str(error)) from error


def _now() -> datetime:
    return datetime.now(UTC)
