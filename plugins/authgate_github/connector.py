"""GitHub's OAuth endpoints, as a login connector.

GitHub speaks OAuth 2.0 with PKCE, but no OpenID Connect to web applications: who signed in is
asked of its API with the token, and the token is forgotten at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from authgate.plugin_api import (
    ExternalIdentity,
    HttpResponse,
    LoginAttempt,
    LoginConnector,
    ProviderAnswer,
    ProviderUnavailable,
    Secret,
    Setting,
    SignInRefused,
)
from authgate.plugin_api.hosts import check_host


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubConfig:
    """What a tenant's administrator enters, from the page of their OAuth app at GitHub."""

    client_id: Annotated[str, Setting("Client ID of the OAuth app at GitHub.", label="Client ID")]
    client_secret: Annotated[
        Secret, Setting("A client secret of the same OAuth app.", label="Client secret")
    ]
    host: Annotated[
        str,
        Setting(
            "github.com, or the host name of your GitHub Enterprise.", label="Host", place=True
        ),
    ] = "github.com"

    def __post_init__(self) -> None:
        check_host("host", self.host)

    @property
    def issuer(self) -> str:
        """What makes a GitHub user id mean one person."""
        return f"https://{self.host}"

    @property
    def api(self) -> str:
        """Root of the REST API: its own host in the cloud, a path on a company's own server."""
        if self.host == "github.com" or self.host.endswith(".ghe.com"):
            return f"https://api.{self.host}"
        return f"https://{self.host}/api/v3"


class GitHubConnector(LoginConnector[GitHubConfig]):
    """The web application flow of a GitHub OAuth app, with PKCE (S256)."""

    name = "github"
    label = "GitHub"
    icon = "github"
    config_type = GitHubConfig

    async def authorization_url(self, attempt: LoginAttempt) -> str:
        """GitHub's consent page, asking for e-mail addresses and no more."""
        query = {
            "client_id": self.config.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": "user:email",
            "state": attempt.state,
            "code_challenge": attempt.code_challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.config.issuer}/login/oauth/authorize?{urlencode(query)}"

    async def identify(self, attempt: LoginAttempt, answer: ProviderAnswer) -> ExternalIdentity:
        """Redeem the code and ask whose it is."""
        if answer.issuer not in (None, self.config.issuer):
            raise SignInRefused("This sign-in was answered by another provider than GitHub.")
        token = await self._redeem(attempt, answer.code)
        profile = _object(_usable(await self._ask("/user", token)))
        number, login = profile.get("id"), profile.get("login")
        if type(number) is not int or not isinstance(login, str):
            raise ProviderUnavailable("GitHub did not say who you are.")
        email, verified = _chosen_address(await self._ask("/user/emails", token))
        return ExternalIdentity(
            issuer=self.config.issuer,
            subject=str(number),
            username=login,
            email=email,
            email_verified=verified,
            name=_text(profile, "name"),
            picture=_text(profile, "avatar_url"),
        )

    async def _redeem(self, attempt: LoginAttempt, code: str) -> str:
        answer = await self.http.post(
            f"{self.config.issuer}/login/oauth/access_token",
            headers={"Accept": "application/json"},
            form={
                "client_id": self.config.client_id,
                "client_secret": self.config.client_secret.reveal(),
                "code": code,
                "redirect_uri": attempt.redirect_uri,
                "code_verifier": attempt.code_verifier,
            },
        )
        # GitHub answers 200 to a code that it does not know, with an error in the body.
        token = _object(_usable(answer)).get("access_token")
        if not isinstance(token, str) or not token:
            raise SignInRefused("GitHub did not accept this sign-in. Please try again.")
        return token

    async def _ask(self, path: str, token: str) -> HttpResponse:
        return await self.http.get(
            self.config.api + path,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )


def _usable(answer: HttpResponse) -> object:
    if not answer.ok:
        raise ProviderUnavailable(f"GitHub answered {answer.status}.")
    return answer.json()


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ProviderUnavailable("GitHub's answer is not what it should be.")
    return value


def _text(profile: Mapping[str, object], name: str) -> str:
    value = profile.get(name)
    return value if isinstance(value, str) else ""


def _chosen_address(answer: HttpResponse) -> tuple[str, bool]:
    """The primary address if it is verified, else any verified one, else none at all."""
    if answer.status in (403, 404):  # GitHub's way to say that the token may not know
        return "", False
    listed = _usable(answer)
    known = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    verified = [each for each in known if each.get("verified") is True and _text(each, "email")]
    chosen = next((each for each in verified if each.get("primary") is True), None)
    chosen = chosen or next(iter(verified), None)
    return (_text(chosen, "email"), True) if chosen else ("", False)
