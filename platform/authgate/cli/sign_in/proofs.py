"""What goes with a request, so that the server believes who sends it.

An access token goes by itself, or with a proof that its key is held here (RFC 9449). A nonce that
the server wants in its proofs is taken from its refusal, and the request sent once more.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlencode

import httpx2

from authgate.cli.failures import NotAllowed
from authgate.cli.sign_in.sign_ins import SignIns

if TYPE_CHECKING:
    from authgate.cli.sign_in.proving_key import ProvingKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_USE_NONCE = "use_dpop_nonce"

Flow = Generator[httpx2.Request, httpx2.Response, None]


class Prover(Protocol):
    """How a client shows who it is, and a token that it is its own."""

    def as_client(self, client_id: str) -> httpx2.Auth | None:
        """For a form that a client sends."""
        ...

    def with_token(self, access_token: str) -> httpx2.Auth:
        """For a request with this token."""
        ...


class Plain(Prover):
    """A public client, which proves nothing; whoever has its tokens may use them (RFC 6750)."""

    def as_client(self, client_id: str) -> None:
        del client_id

    def with_token(self, access_token: str) -> httpx2.Auth:
        return _Token(access_token)


class ByKey(Prover):
    """A client with a key: it signs who it is, and holds the key that its tokens are bound to."""

    def __init__(self, key: "ProvingKey", issuer: str) -> None:
        self.key = key
        self.issuer = issuer
        self.nonce = ""
        """The latest that the issuer has told."""

    def as_client(self, client_id: str) -> httpx2.Auth:
        return _KeyOfClient(self, client_id)

    def with_token(self, access_token: str) -> httpx2.Auth:
        return _KeyOfToken(self, access_token)


def of_sign_in(kept: SignIns, place: str) -> Prover:
    """How the client of a sign-in proves itself. Raises ``NotAllowed`` where its key is gone."""
    sign_in = kept.by_place.get(place)
    if sign_in is None or not sign_in.by_key:
        return Plain()
    return by_kept_key(kept, sign_in.issuer)


def by_kept_key(kept: SignIns, issuer: str) -> ByKey:
    """By this machine's key for an issuer. Raises ``NotAllowed`` where there is none."""
    if issuer not in kept.keys:
        raise NotAllowed(
            f"This machine has no key for {issuer}. authgate public-key {issuer} makes one, to be"
            " registered with the client."
        )
    # What signs takes a while to import, and few need it.
    from authgate.cli.sign_in.proving_key import ProvingKey

    return ByKey(ProvingKey.from_pem(kept.keys[issuer]), issuer)


class _Token(httpx2.Auth):
    def __init__(self, access_token: str) -> None:
        self._access_token = access_token

    def auth_flow(self, request: httpx2.Request) -> Flow:
        request.headers["Authorization"] = f"Bearer {self._access_token}"
        yield request


class _Proof(httpx2.Auth, ABC):
    """Sends a proof, and another one where the server wants its nonce in it (section 8)."""

    requires_request_body = True
    requires_response_body = True

    def __init__(self, prover: ByKey) -> None:
        self._prover = prover

    def auth_flow(self, request: httpx2.Request) -> Flow:
        answer = yield self._signed(request)
        if self._learns_nonce(answer) and _wants_nonce(answer):
            self._learns_nonce((yield self._signed(request)))

    @abstractmethod
    def _signed(self, request: httpx2.Request) -> httpx2.Request:
        """The request, with a proof made for it now."""

    def _proof(self, request: httpx2.Request, access_token: str = "") -> str:
        place = str(request.url.copy_with(query=None, fragment=None))
        return self._prover.key.proof(
            request.method, place, nonce=self._prover.nonce, access_token=access_token
        )

    def _learns_nonce(self, answer: httpx2.Response) -> bool:
        nonce = answer.headers.get("dpop-nonce", "")
        self._prover.nonce = nonce or self._prover.nonce
        return bool(nonce)


class _KeyOfClient(_Proof):
    def __init__(self, prover: ByKey, client_id: str) -> None:
        super().__init__(prover)
        self._client_id = client_id

    def _signed(self, request: httpx2.Request) -> httpx2.Request:
        # An assertion is good once, as a proof is: what is sent again gets another one.
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        form["client_assertion_type"] = ASSERTION_TYPE
        form["client_assertion"] = self._prover.key.assertion(self._client_id, self._prover.issuer)
        headers = {
            name: text
            for name, text in request.headers.items()
            if name.lower() not in ("content-length", "dpop")
        }
        return httpx2.Request(
            request.method,
            request.url,
            content=urlencode(form).encode(),
            headers={**headers, "DPoP": self._proof(request)},
            extensions=request.extensions,
        )


class _KeyOfToken(_Proof):
    def __init__(self, prover: ByKey, access_token: str) -> None:
        super().__init__(prover)
        self._access_token = access_token

    def _signed(self, request: httpx2.Request) -> httpx2.Request:
        request.headers["Authorization"] = f"DPoP {self._access_token}"
        request.headers["DPoP"] = self._proof(request, self._access_token)
        return request


def _wants_nonce(answer: httpx2.Response) -> bool:
    match answer.status_code:
        case 401:
            return _USE_NONCE in answer.headers.get("www-authenticate", "")
        case 400:
            return f'"{_USE_NONCE}"' in answer.text
    return False
