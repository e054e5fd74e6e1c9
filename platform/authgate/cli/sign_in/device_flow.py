"""A device's side of the device grant (RFC 8628): ask for a code, wait for the person, fetch who.

Speaks to any issuer that publishes metadata (RFC 8414, OpenID Connect Discovery).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx2

from authgate.cli.sign_in.proofs import Plain, Prover
from authgate.cli.web_client import agent
from authgate.diagnosis.network import is_local

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"

_SLOWER_SECONDS = 5.0
_DEFAULT_INTERVAL = 5.0
_PATIENCE_SECONDS = 15.0
_WAIT_SECONDS = 25


class SignInFailed(Exception):
    """The sign-in came to no good end; says why."""


class NoAnswer(SignInFailed):
    """Nobody answers at the issuer's address."""


class Denied(SignInFailed):
    """The person said no."""


class UnknownClient(SignInFailed):
    """The issuer has no such client, or it is none for devices."""


class Expired(SignInFailed):
    """Nobody approved the code in time."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where an issuer takes what."""

    issuer: str
    device_authorization: str
    token: str
    userinfo: str
    revocation: str | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """A code that waits for a person."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_at: float
    """On the monotonic clock."""

    interval: float

    @property
    def seconds_left(self) -> float:
        """Until the code ends."""
        return max(0.0, self.expires_at - monotonic())


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the person's approval is worth."""

    access_token: str
    scope: str
    refresh_token: str | None = None
    expires_in: float = 0.0
    """Seconds for which the access token is good."""


class DeviceFlow:
    """One sign-in at one issuer. Whatever goes wrong raises ``SignInFailed``."""

    def __init__(
        self, http: httpx2.AsyncClient, *, client_id: str, prover: Prover | None = None
    ) -> None:
        self._http = http
        self._client_id = client_id
        self._prover = prover or Plain()

    async def discover(self, issuer: str) -> Endpoints:
        """Find the issuer's endpoints, and make sure that it is who it should be."""
        issuer = issuer.rstrip("/")
        url = f"{issuer}/.well-known/openid-configuration"
        answer = await self._ask("GET", url)
        if answer.status_code != 200:
            raise SignInFailed(f"{url} answers {answer.status_code}: is this an issuer?")
        metadata = _json(answer)
        if metadata.get("issuer") != issuer:
            # Tokens of one issuer must not be taken for another's (RFC 8414 section 3.3).
            raise SignInFailed(f"{issuer} calls itself {metadata.get('issuer')!r}.")
        if "device_authorization_endpoint" not in metadata:
            raise SignInFailed(f"{issuer} has no device flow.")
        return Endpoints(
            issuer=issuer,
            device_authorization=metadata["device_authorization_endpoint"],
            token=metadata["token_endpoint"],
            userinfo=metadata["userinfo_endpoint"],
            revocation=metadata.get("revocation_endpoint"),
        )

    async def begin(self, endpoints: Endpoints, *, scope: str) -> Authorization:
        """Ask for a code (section 3.1)."""
        asked_at = monotonic()
        answer = await self._ask(
            "POST",
            endpoints.device_authorization,
            {"client_id": self._client_id, "scope": scope},
            self._prover.as_client(self._client_id),
        )
        body = _json(answer)
        if answer.status_code != 200:
            raise _refusal(body, answer)
        return Authorization(
            device_code=body["device_code"],
            user_code=body["user_code"],
            verification_uri=body["verification_uri"],
            verification_uri_complete=body.get("verification_uri_complete", ""),
            expires_at=asked_at + float(body["expires_in"]),
            interval=float(body.get("interval", _DEFAULT_INTERVAL)),
        )

    async def approved(
        self,
        endpoints: Endpoints,
        authorization: Authorization,
        *,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> Tokens:
        """Poll until the person has decided (section 3.5), no faster than is asked for.

        An issuer that holds its answer until then (RFC 7240) is asked again at once.
        """
        interval = authorization.interval
        while True:
            answer = await self._poll(endpoints, authorization)
            body = _json(answer)
            if answer.status_code == 200:
                return _tokens(body)
            match body.get("error"):
                case "authorization_pending":
                    pass
                case "slow_down":
                    interval += _SLOWER_SECONDS
                case "temporarily_unavailable" if authorization.seconds_left:
                    pass  # the code is as good as it was
                case _:
                    raise _refusal(body, answer)
            if not _was_held(answer):
                await sleep(min(interval, authorization.seconds_left))

    async def userinfo(self, endpoints: Endpoints, tokens: Tokens) -> Mapping[str, Any]:
        """Who approved."""
        auth = self._prover.with_token(tokens.access_token)
        answer = await self._ask("GET", endpoints.userinfo, auth=auth)
        if answer.status_code != 200:
            raise _refusal(_json(answer), answer)
        return _json(answer)

    async def _poll(self, endpoints: Endpoints, authorization: Authorization) -> httpx2.Response:
        return await self._ask(
            "POST",
            endpoints.token,
            {
                "grant_type": GRANT_TYPE,
                "device_code": authorization.device_code,
                "client_id": self._client_id,
            },
            self._prover.as_client(self._client_id),
            wait_seconds=_WAIT_SECONDS,
        )

    async def _ask(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        auth: httpx2.Auth | None = None,
        *,
        wait_seconds: int = 0,
    ) -> httpx2.Response:
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        patience = _PATIENCE_SECONDS + wait_seconds
        try:
            return await self._http.request(
                method, url, data=form, auth=auth, headers=headers, timeout=patience
            )
        except httpx2.HTTPError as error:
            raise NoAnswer(f"Nobody answers at {url} ({type(error).__name__}).") from error


def _was_held(answer: httpx2.Response) -> bool:
    """Whether the issuer has waited for the decision (RFC 7240 section 3)."""
    applied = answer.headers.get("preference-applied", "").lower().split(",")
    return any(each.strip().partition("=")[0].strip() == "wait" for each in applied)


def _tokens(body: Mapping[str, Any]) -> Tokens:
    return Tokens(
        body["access_token"],
        body.get("scope", ""),
        refresh_token=body.get("refresh_token"),
        expires_in=float(body.get("expires_in", 0)),
    )


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise SignInFailed(f"{answer.url} answers {answer.status_code}, and no JSON.") from error
    if not isinstance(body, dict):
        raise SignInFailed(f"{answer.url} answers JSON, but no object.")
    return body


def _refusal(body: Mapping[str, Any], answer: httpx2.Response) -> SignInFailed:
    match body.get("error"):
        case "access_denied":
            return Denied("The sign-in was denied.")
        case "expired_token":
            return Expired("Nobody approved in time: start again.")
        case error:
            said = body.get("error_description") or "no reason given"
            words = f"{answer.url.path} refuses: {error or answer.status_code} ({said})"
            is_client_s = error in ("invalid_client", "unauthorized_client")
            return UnknownClient(words) if is_client_s else SignInFailed(words)


def http_for(url: str) -> httpx2.AsyncClient:
    """A client for this address, which says who we are."""
    return httpx2.AsyncClient(
        timeout=_PATIENCE_SECONDS,
        headers={"User-Agent": agent()},
        trust_env=not is_local(url),  # a proxy would look for us on its own machine
    )
