"""A login connector for whatever speaks OpenID Connect: code flow, PKCE, nonce."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlencode

from authgate.plugin_api.config import ConnectorConfigError, Secret, Setting
from authgate.plugin_api.documents import UnfitDocument
from authgate.plugin_api.http import HttpFailure
from authgate.plugin_api.login import (
    ConnectorError,
    ExternalIdentity,
    LoginAttempt,
    LoginConnector,
    ProviderAnswer,
    ProviderUnavailable,
    SetupStep,
    SignInRefused,
)
from authgate.plugin_api.openid.claims import identity_of
from authgate.plugin_api.openid.client import (
    CLIENT_SECRET_BASIC,
    NOT_ACCEPTED,
    OAuthClient,
)
from authgate.plugin_api.openid.provider import Provider, address_of

OTHER_PROVIDER = "This sign-in was answered by another provider than the one that was asked."
"""What somebody is told who comes back with the answer of a provider that was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdConfig:
    """What every provider gives its clients."""

    client_id: Annotated[str, Setting("What the provider calls this server.", label="Client ID")]
    client_secret: Annotated[
        Secret, Setting("The secret that belongs to the client ID.", label="Client secret")
    ]


OpenIdConfigT = TypeVar("OpenIdConfigT", bound=OpenIdConfig)


class OpenIdConnector(LoginConnector[OpenIdConfigT]):
    """Subclass it, say where the issuer is, and say who its claims mean."""

    scope: ClassVar[str] = "openid profile email"
    """What is asked for."""

    asks_userinfo: ClassVar[bool] = False
    """Whether claims are asked of the UserInfo endpoint as well; ``wants_userinfo`` goes by it."""

    @property
    @abstractmethod
    def issuer(self) -> str:
        """The provider's issuer: ``iss`` of its ID tokens."""

    @property
    def client(self) -> OAuthClient:
        """What the server is at the provider."""
        config = self.config
        return OAuthClient(
            client_id=config.client_id, secret=config.client_secret, method=CLIENT_SECRET_BASIC
        )

    @property
    def endpoint_hosts(self) -> Collection[str]:
        """Where endpoints may be, beside the issuer's own host."""
        return ()

    @property
    def issuer_spellings(self) -> Collection[str]:
        """Other ways in which the provider writes its issuer."""
        return ()

    @property
    def wanted_scope(self) -> str:
        """The scope of the authorization request."""
        return self.scope

    @property
    def wants_userinfo(self) -> bool:
        """Whether UserInfo is asked."""
        return self.asks_userinfo

    def extra_parameters(self) -> Mapping[str, str]:
        """Further parameters of the authorization request."""
        return {}

    def fresh_parameters(self, max_age: int) -> Mapping[str, str]:
        """What asks that somebody has signed in at the provider no longer ago (seconds)."""
        prompt = {} if max_age else {"prompt": "login"}
        return {"max_age": str(max_age), **prompt}

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """Who these verified claims mean. Raises ``SignInRefused`` for who is not welcome."""
        return identity_of(claims, issuer=self.issuer, subject=claims["sub"])

    async def provider(self) -> Provider:
        """What the provider says about itself. Raises ``ConnectorConfigError``,
        ``ProviderUnavailable`` and ``HttpFailure``."""
        return await Provider.discovered(
            self.documents,
            self.issuer,
            hosts=self.endpoint_hosts,
            spellings=self.issuer_spellings,
        )

    async def authorization_url(self, attempt: LoginAttempt) -> str:
        """The provider's own page (OpenID Connect Core section 3.1.2.1)."""
        provider = await self.provider()
        query = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": self.wanted_scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.code_challenge,
            "code_challenge_method": "S256",
        }
        hint = {"login_hint": attempt.login_hint} if attempt.login_hint else {}
        fresh = {} if attempt.max_age is None else dict(self.fresh_parameters(attempt.max_age))
        mark = "&" if "?" in provider.authorization_endpoint else "?"
        asked = urlencode(query | hint | dict(self.extra_parameters()) | fresh)
        return f"{provider.authorization_endpoint}{mark}{asked}"

    async def identify(self, attempt: LoginAttempt, answer: ProviderAnswer) -> ExternalIdentity:
        """Redeem the code, and believe its ID token once all of it is checked."""
        provider = await self.provider()
        _check_answer(provider, answer)
        granted = await self.client.redeem(self.http, provider.token_endpoint, attempt, answer)
        claims = await self._verified(provider, attempt, granted)
        if self.wants_userinfo and provider.userinfo_endpoint:
            claims = await self._with_userinfo(provider, claims, granted)
        return self.identity(claims)

    async def examine(self) -> Sequence[SetupStep]:
        """Discovery and keys, each as a step."""
        steps: list[SetupStep] = []
        try:
            provider = await self.provider()
            read = _step("Discovery document", f"{provider.issuer} was read.")
            steps.append(self.as_read(read, address_of(self.issuer)))
            steps.append(_challenge(provider))
            steps.append(self._method(provider))
            number = await self._signing_keys(provider)
            keys = _step("Signing keys", f"{number} found.", passed=number > 0)
            steps.append(self.as_read(keys, provider.jwks_uri))
        except (ConnectorError, ConnectorConfigError, HttpFailure) as error:
            name = "Signing keys" if steps else "Discovery document"
            steps.append(_step(name, str(error), passed=False))
        return steps

    async def _verified(
        self, provider: Provider, attempt: LoginAttempt, granted: Mapping[str, object]
    ) -> Mapping[str, Any]:
        # Commands load connectors and verify nothing.
        from authgate.plugin_api.openid.id_token import UnfitIdToken, UnknownKey

        token = granted.get("id_token")
        if not isinstance(token, str):
            raise ProviderUnavailable("The token endpoint gave no ID token.")
        try:
            try:
                return await self._judged(provider, attempt, granted, token, renewed=False)
            except UnknownKey:
                return await self._judged(provider, attempt, granted, token, renewed=True)
        except UnfitIdToken as error:
            raise SignInRefused(NOT_ACCEPTED, cause=f"the ID token is {error}") from error

    async def _judged(
        self,
        provider: Provider,
        attempt: LoginAttempt,
        granted: Mapping[str, object],
        token: str,
        *,
        renewed: bool,
    ) -> Mapping[str, Any]:
        from authgate.plugin_api.openid import id_token

        return id_token.verified(
            token,
            keys=await self._keys(provider, renewed=renewed),
            issuer=provider.issuer,
            client_id=self.config.client_id,
            algorithms=provider.algorithms,
            nonce=attempt.nonce,
            access_token=str(granted.get("access_token", "")),
        )

    async def _keys(self, provider: Provider, *, renewed: bool) -> object:
        return await self.documents.read(provider.jwks_uri, renewed=renewed, check=_check_keys)

    async def _with_userinfo(
        self, provider: Provider, claims: Mapping[str, Any], granted: Mapping[str, object]
    ) -> Mapping[str, Any]:
        """OpenID Connect Core section 5.3.2: of no meaning where it is about somebody else."""
        headers = {"Authorization": f"Bearer {granted.get('access_token', '')}"}
        answer = await self.http.get(provider.userinfo_endpoint, headers=headers)
        if not answer.ok:
            raise ProviderUnavailable(f"UserInfo answered {answer.status}.")
        said = answer.json()
        if not isinstance(said, dict) or said.get("sub") != claims["sub"]:
            raise SignInRefused(NOT_ACCEPTED, cause="UserInfo is about somebody else")
        if "email" in claims:  # what one says of an address means nothing of the other's
            said.pop("email_verified", None)
        return {**said, **claims}  # what is signed stands

    async def _signing_keys(self, provider: Provider) -> int:
        keys = await self._keys(provider, renewed=True)
        listed = keys.get("keys") if isinstance(keys, dict) else None
        found = listed if isinstance(listed, list) else []
        return sum(isinstance(each, dict) and each.get("use", "sig") == "sig" for each in found)

    def _method(self, provider: Provider) -> SetupStep:
        method = self.client.method
        takes = method in provider.authentication_methods
        said = "is taken." if takes else "is not among what the provider says that it takes."
        return _step("Client authentication", f"{method} {said}", passed=takes)


def _check_answer(provider: Provider, answer: ProviderAnswer) -> None:
    """RFC 9207 section 2.4."""
    if answer.issuer is None and not provider.sends_issuer:
        return
    if answer.issuer != provider.issuer:
        raise SignInRefused(OTHER_PROVIDER, cause="the answer names another issuer")


def _check_keys(said: object) -> None:
    """RFC 7517 section 5. A set without any takes them all back."""
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise UnfitDocument("The keys are no JWK set.")


def _challenge(provider: Provider) -> SetupStep:
    if "S256" in provider.challenge_methods:
        return _step("PKCE", "S256 is stated.")
    said_nothing = not provider.challenge_methods
    return _step("PKCE", "Nothing is stated; it is sent all the same.", passed=said_nothing)


def _step(name: str, said: str, *, passed: bool = True) -> SetupStep:
    return SetupStep(name=name, passed=passed, said=said)
