"""Access tokens for an API of a tenant: of a person who has signed in, or of a machine."""

import time
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import httpx2

from authgate.cli import web_client
from authgate.cli.doors.apis import ADMIN, OPERATOR, WhichApi
from authgate.cli.failures import Failure, NotAllowed, Unhealthy
from authgate.cli.sign_in import proofs, sign_ins
from authgate.cli.sign_in.proofs import Plain, Prover
from authgate.cli.sign_in.sign_ins import SignIn

SCOPES = ADMIN.scopes
"""Those of the admin API."""

_TOO_SHORT_SECONDS = 30.0
"""A token that ends within these is not worth sending."""


class Bearer(Protocol):
    """Whoever has access tokens for one issuer."""

    def token(self, *, rejected: str | None = None) -> str:
        """One that is good, and not this one. Raises ``NotAllowed`` where there is none."""
        ...

    def shown(self, token: str) -> httpx2.Auth:
        """How a request shows this token."""
        ...


@dataclass(frozen=True, slots=True)
class Machine:
    """A client that acts for itself (RFC 6749 section 4.4)."""

    issuer: str
    client_id: str
    secret: str
    """Empty where it proves itself by a key."""
    http: httpx2.Client
    prover: Prover = field(default_factory=Plain)
    api: WhichApi = ADMIN

    def token(self, *, rejected: str | None = None) -> str:
        """A new one, each time."""
        del rejected
        return str(self.issued()["access_token"])

    def shown(self, token: str) -> httpx2.Auth:
        """By itself, or with a proof."""
        return self.prover.with_token(token)

    def issued(self) -> dict[str, Any]:
        """What the token endpoint answers. Raises ``NotAllowed``."""
        form = {"grant_type": "client_credentials", "scope": " ".join(self.api.scopes)}
        headers = {"Authorization": _basic(self.client_id, self.secret)} if self.secret else {}
        request = self.http.build_request(
            "POST", f"{self.issuer}/oauth/token", data=form, headers=headers
        )
        auth = self.prover.as_client(self.client_id)
        answer = web_client.sent(self.http, request, auth=auth)
        if answer.status_code != 200:
            raise _refusal(answer, f"{self.issuer} gives {self.client_id} no token")
        issued: dict[str, Any] = answer.json()
        return issued


class Person:
    """Whoever has signed in with ``authgate login``."""

    def __init__(self, issuer: str, http: httpx2.Client, api: WhichApi = ADMIN) -> None:
        self._issuer = issuer
        self._api = api
        self._place = sign_ins.place(issuer, api)
        self._http = http
        self._prover: Prover | None = None

    def token(self, *, rejected: str | None = None) -> str:
        """The one of the sign-in; refreshed where that one has ended or was refused.

        Of commands that run together one refreshes, and the others take what it was given: a
        refresh token is good once (RFC 9700 section 4.14.2).
        """
        kept = self._kept(sign_ins.remembered())
        if _is_good(kept, rejected):
            return kept.access_token
        with sign_ins.changing() as all_of_them:
            kept = self._kept(all_of_them)
            if not _is_good(kept, rejected):
                kept = self._refreshed(kept)
                all_of_them.keep(kept)
        return kept.access_token

    def shown(self, token: str) -> httpx2.Auth:
        """By itself, or with a proof by the key of the sign-in."""
        return self._proving().with_token(token)

    def _proving(self) -> Prover:
        # One for all requests: it knows which nonce the server wants.
        if self._prover is None:
            self._prover = proofs.of_sign_in(sign_ins.remembered(), self._place)
        return self._prover

    def _kept(self, all_of_them: sign_ins.SignIns) -> SignIn:
        kept = all_of_them.by_place.get(self._place)
        if kept is None:
            raise NotAllowed(
                f"Nobody is signed in to {self._issuer}: authgate login {self._issuer}"
                f"{self._api.to_sign_in}"
            )
        return kept

    def _refreshed(self, kept: SignIn) -> SignIn:
        if kept.refresh_token is None:
            raise NotAllowed(f"The sign-in to {self._issuer} has ended: {_again(kept)}")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": kept.refresh_token,
            "client_id": kept.client_id,
        }
        request = self._http.build_request("POST", kept.token_endpoint, data=form)
        auth = self._proving().as_client(kept.client_id)
        answer = web_client.sent(self._http, request, auth=auth)
        if answer.status_code == 400 and _told(answer).get("error") == "invalid_grant":
            raise NotAllowed(f"The sign-in to {self._issuer} has ended: {_again(kept)}")
        if answer.status_code != 200:
            raise _refusal(answer, f"The sign-in to {self._issuer} cannot be renewed")
        return renewed(kept, answer.json())


def renewed(kept: SignIn, issued: dict[str, Any]) -> SignIn:
    """A sign-in with what the token endpoint has answered (RFC 6749 section 5.1)."""
    return replace(
        kept,
        access_token=issued["access_token"],
        expires_at=time.time() + float(issued.get("expires_in", 0)),
        refresh_token=issued.get("refresh_token", kept.refresh_token),
        scope=issued.get("scope", kept.scope),
    )


def _is_good(kept: SignIn, rejected: str | None) -> bool:
    is_fresh = kept.expires_at - time.time() > _TOO_SHORT_SECONDS
    return is_fresh and kept.access_token != rejected


def _again(kept: SignIn) -> str:
    by_key = f" --key --client-id {kept.client_id}" if kept.by_key else ""
    operating = OPERATOR.to_sign_in if kept.api == OPERATOR.base else ""
    return f"authgate login {kept.issuer}{operating}{by_key}"


def _basic(client_id: str, secret: str) -> str:
    from base64 import b64encode
    from urllib.parse import quote_plus

    # RFC 6749 section 2.3.1: each is encoded before they are put together.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _refusal(answer: httpx2.Response, words: str) -> Failure:
    kind = NotAllowed if answer.status_code in (400, 401, 403) else Unhealthy
    return kind(f"{words}: {_why(answer)}")


def _why(answer: httpx2.Response) -> str:
    told = _told(answer)
    said = told.get("error_description") or told.get("error")
    return str(said or f"it answers {answer.status_code}.")


def _told(answer: httpx2.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
