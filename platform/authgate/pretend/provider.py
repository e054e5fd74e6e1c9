"""A pretend identity provider: OAuth 2.0 with PKCE (RFC 6749 section 4.1, RFC 7636), and who signed
in at UserInfo (OpenID Connect Core section 5.3).

It checks a client as a good provider does, and of a person nothing.
"""

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from secrets import token_urlsafe
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from authgate.pretend import provider_pages
from authgate.pretend.host import Answer, Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom the provider knows."""

    subject: str = "248289761001"
    username: str = "pat"
    email: str = "pat@people.example"
    email_verified: bool = True
    name: str = "Pat Example"


class Provider(Protocol):
    """What a test has to know of a provider, whatever it speaks."""

    host: str
    """Name and port, as they are in its addresses."""
    client_id: str
    client_secret: str

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        ...

    def approve(self, authorization_url: str) -> dict[str, str]:
        """The person agrees: the query that the browser comes back with."""
        ...

    def rename(self, username: str, email: str, *, verified: bool) -> None:
        """The same person is called otherwise from now on."""
        ...


class _Refused(Exception):
    """The token endpoint says no (RFC 6749 section 5.2)."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class PretendProvider:
    """One person, one client. Override ``profile`` where yours tells of people in another way."""

    AUTHORIZE = "/authorize"
    TOKEN = "/token"
    PROFILE = "/userinfo"

    def __init__(self, host: str, *, callbacks: str = "") -> None:
        self.host = host
        self.client_id = "pretend-client"
        self.client_secret = token_urlsafe(24)
        self.person = Person()
        self._callbacks = callbacks
        """What every redirect URI begins with."""
        self._codes: dict[str, Mapping[str, str]] = {}
        self._tokens: set[str] = set()

    @property
    def issuer(self) -> str:
        """The provider's identifier."""
        return f"https://{self.host}"

    def profile(self) -> dict[str, object]:
        """What it tells of the person (OpenID Connect Core section 5.1)."""
        return {
            "sub": self.person.subject,
            "preferred_username": self.person.username,
            "email": self.person.email,
            "email_verified": self.person.email_verified,
            "name": self.person.name,
        }

    def rename(self, username: str, email: str, *, verified: bool) -> None:
        """The same person is called otherwise from now on."""
        self.person = replace(self.person, username=username, email=email, email_verified=verified)

    def approve(self, authorization_url: str) -> dict[str, str]:
        """The person agrees: the query that the browser comes back with.

        Raises ``ValueError`` where nobody could be asked that way (RFC 6749 section 4.1.1).
        """
        parts = urlsplit(authorization_url)
        if (parts.netloc, parts.path) != (self.host, self.AUTHORIZE):
            raise ValueError(f"{parts.netloc}{parts.path} is not {self.host}{self.AUTHORIZE}.")
        return self._agreed(dict(parse_qsl(parts.query)))

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        path, _, query = asked.path.partition("?")
        match (asked.method, path):
            case ("GET", self.AUTHORIZE):
                return self._page(dict(parse_qsl(query)))
            case ("POST", self.AUTHORIZE):
                return self._decided(asked.form)
            case ("POST", self.TOKEN):
                return self._token(asked)
            case ("GET", self.PROFILE):
                return self._told(asked)
        return Answer(status=404)

    def _page(self, request: Mapping[str, str]) -> Answer:
        try:
            self._check(request)
        except ValueError as fault:
            return provider_pages.fault(str(fault))
        return provider_pages.question(self.person.name, request)

    def _decided(self, request: Mapping[str, str]) -> Answer:
        try:
            self._check(request)
        except ValueError as fault:
            return provider_pages.fault(str(fault))
        if request.get(provider_pages.DECISION) == provider_pages.YES:
            said = self._agreed(request)
        else:
            said = {"error": "access_denied", "state": request["state"], "iss": self.issuer}
        joint = "&" if "?" in request["redirect_uri"] else "?"
        back = f"{request['redirect_uri']}{joint}{urlencode(said)}"
        return Answer(status=303, body=b"", headers={"location": back})

    def _agreed(self, request: Mapping[str, str]) -> dict[str, str]:
        self._check(request)
        code = token_urlsafe(24)
        self._codes[code] = request
        return {"code": code, "state": request["state"], "iss": self.issuer}

    def _check(self, request: Mapping[str, str]) -> None:
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "code_challenge_method": "S256",
        }
        for name, value in wanted.items():
            if request.get(name) != value:
                raise ValueError(f"{name} is {request.get(name)!r} instead of {value!r}.")
        for name in ("redirect_uri", "state", "code_challenge"):
            if not request.get(name):
                raise ValueError(f"{name} is missing.")
        if not request["redirect_uri"].startswith(self._callbacks):
            raise ValueError("redirect_uri is not one that was registered.")

    def _token(self, asked: Asked) -> Answer:
        try:
            token = self._redeemed(asked)
        except _Refused as refusal:
            return Answer(status=refusal.status, body=_json({"error": refusal.error}))
        return Answer(body=_json({"access_token": token, "token_type": "Bearer"}))

    def _redeemed(self, asked: Asked) -> str:
        if _client(asked) != (self.client_id, self.client_secret):
            raise _Refused("invalid_client", 401)
        begun = self._codes.pop(asked.form.get("code", ""), None)
        if (
            begun is None
            or asked.form.get("grant_type") != "authorization_code"
            or asked.form.get("redirect_uri") != begun["redirect_uri"]
            or _challenge(asked.form.get("code_verifier", "")) != begun["code_challenge"]
        ):
            raise _Refused("invalid_grant")
        token = token_urlsafe(24)
        self._tokens.add(token)
        return token

    def _told(self, asked: Asked) -> Answer:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self._tokens:
            return Answer(status=401, body=_json({"error": "invalid_token"}))
        return Answer(body=_json(self.profile()))


def _client(asked: Asked) -> tuple[str, str]:
    """Who asks, by a header or in the form (RFC 6749 section 2.3.1)."""
    scheme, _, credentials = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return asked.form.get("client_id", ""), asked.form.get("client_secret", "")
    try:
        name, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote(name), unquote(password)


def _challenge(verifier: str) -> str:
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
