"""What a provider says about itself (OpenID Connect Discovery 1.0 section 4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

from authgate.plugin_api.config import ConnectorConfigError
from authgate.plugin_api.documents import Documents, UnfitDocument
from authgate.plugin_api.hosts import host_of
from authgate.plugin_api.login import ProviderUnavailable

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LONGEST = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider, by the names of its metadata."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""

    algorithms: tuple[str, ...] = ("RS256",)
    """``id_token_signing_alg_values_supported``."""

    authentication_methods: tuple[str, ...] = ("client_secret_basic",)
    """``token_endpoint_auth_methods_supported``."""

    challenge_methods: tuple[str, ...] = ()
    """``code_challenge_methods_supported``: some say nothing of PKCE and do it."""

    sends_issuer: bool = False
    """Whether each answer names the issuer (RFC 9207), so that one without it is none."""

    @classmethod
    async def discovered(
        cls,
        documents: Documents,
        issuer: str,
        *,
        hosts: Collection[str] = (),
        spellings: Collection[str] = (),
    ) -> Self:
        """The provider that this issuer is.

        ``hosts`` are those that its endpoints may be at beside its own: the client's secret goes to
        no other (RFC 9700 section 4.4). ``spellings`` are other ways to write the same issuer.
        Raises ``HttpFailure``, ``ProviderUnavailable`` and ``ConnectorConfigError``.
        """
        names = (issuer, *spellings)
        said = await documents.read(address_of(issuer), check=partial(cls._check, names))
        if not isinstance(said, dict):
            raise ProviderUnavailable("The metadata is no object.")
        if said.get("issuer") not in names:
            raise ConnectorConfigError(
                "issuer", "is not what the provider calls itself in its metadata"
            )
        provider = cls._read(said)
        _check_hosts(provider, {host_of(issuer), *hosts})
        return provider

    @classmethod
    def _check(cls, names: Collection[str], said: object) -> None:
        if not isinstance(said, dict) or said.get("issuer") not in names:
            raise UnfitDocument("The metadata is not the issuer's.")
        try:
            cls._read(said)
        except ProviderUnavailable as error:
            raise UnfitDocument(str(error)) from error

    @classmethod
    def _read(cls, said: Mapping[str, object]) -> Self:
        endpoints = {name: _address(said, name) for name in _ENDPOINTS}
        return cls(
            issuer=str(said["issuer"]),
            **endpoints,
            userinfo_endpoint=_address(said, "userinfo_endpoint", otherwise=""),
            algorithms=_texts(said, "id_token_signing_alg_values_supported") or ("RS256",),
            authentication_methods=_texts(said, "token_endpoint_auth_methods_supported")
            or ("client_secret_basic",),
            challenge_methods=_texts(said, "code_challenge_methods_supported"),
            sends_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        )


def address_of(issuer: str) -> str:
    """Where the metadata of an issuer is."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def _address(said: Mapping[str, object], name: str, otherwise: str | None = None) -> str:
    value = said.get(name, otherwise)
    if value == "" and otherwise == "":
        return ""
    if not isinstance(value, str) or not host_of(value) or len(value) > _LONGEST:
        raise ProviderUnavailable(f"The metadata has no {name}.")
    return value


def _texts(said: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = said.get(name)
    listed = value if isinstance(value, list) else []
    return tuple(each for each in listed[:100] if isinstance(each, str))


def _check_hosts(provider: Provider, known: Collection[str]) -> None:
    for name in (*_ENDPOINTS, "userinfo_endpoint"):
        host = host_of(getattr(provider, name))
        if host and host not in known:
            raise ConnectorConfigError(
                "endpoint_hosts", f"does not have {host[:100]}, where {name} is"
            )
