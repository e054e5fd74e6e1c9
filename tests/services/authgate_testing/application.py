"""An application that lets people sign in: sends them away, takes them back, redeems the code."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import jwt

from authgate.provisioning import NewClient
from authgate_tenants import Tenant
from authgate_testing.person import Person, forms

_LANGUAGES = re.compile(r'<form class="languages".*?</form>', re.DOTALL)
_HIDDEN = re.compile(r'name="([a-z_]+)" value="([^"]*)"')


@dataclass(slots=True)
class Asking:
    """One request: what has to be kept until the browser is back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(slots=True)
class Application:
    """A client of a tenant, with its credentials."""

    http: httpx2.AsyncClient
    tenant: Tenant
    client: NewClient
    redirect_uri: str
    scope: str = "openid profile email"
    authenticates: bool = field(default=True)
    """Whether it sends its secret, if it has one."""

    def ask(self, **parameters: str) -> Asking:
        """Where to send the browser; an empty parameter is left out."""
        state, nonce = secrets.token_urlsafe(8), secrets.token_urlsafe(8)
        verifier = secrets.token_urlsafe(32)
        asked = {
            "response_type": "code",
            "client_id": self.client.client.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        } | parameters
        query = urlencode({name: value for name, value in asked.items() if value})
        url = f"{self.tenant.issuer}/oauth/authorize?{query}"
        return Asking(url, state, nonce, verifier)

    async def pushed(self, asking: Asking, **changed: str) -> httpx2.Response:
        """Push what the browser would carry (RFC 9126); an empty parameter is left out."""
        everything = dict(httpx2.URL(asking.url).params) | self.credentials() | changed
        form = {name: value for name, value in everything.items() if value}
        return await self.http.post(f"{self.tenant.issuer}/oauth/par", data=form)

    def led_by(self, request_uri: str, **more: str) -> str:
        """Where to send the browser with a request that was pushed."""
        named = {"client_id": self.client.client.client_id, "request_uri": request_uri}
        return f"{self.tenant.issuer}/oauth/authorize?{urlencode(named | more)}"

    async def token(self, **form: str) -> httpx2.Response:
        """Ask the token endpoint; an empty field is left out."""
        everything = self.credentials() | form
        given = {name: value for name, value in everything.items() if value}
        return await self.http.post(f"{self.tenant.issuer}/oauth/token", data=given)

    def redemption(self, code: str, asking: Asking) -> dict[str, str]:
        """The form that redeems a code."""
        return self.credentials() | {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": asking.verifier,
        }

    async def redeem(self, code: str, asking: Asking, **form: str) -> httpx2.Response:
        """Redeem a code."""
        return await self.token(**(self.redemption(code, asking) | form))

    async def refresh(self, refresh_token: str, **form: str) -> httpx2.Response:
        """Ask for another access token."""
        usual = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self.token(**(usual | form))

    def credentials(self) -> dict[str, str]:
        """The client's, as parameters of a form."""
        named = {"client_id": self.client.client.client_id}
        sends = self.client.secret and self.authenticates
        return named | ({"client_secret": self.client.secret or ""} if sends else {})

    async def signed_in(self, person: Person, **parameters: str) -> dict[str, str]:
        """The whole way: the tokens of a person who is signed in and lets it in."""
        asking = self.ask(**parameters)
        answer = await allowed(person, asking)
        tokens = await self.redeem(answer["code"], asking)
        assert tokens.status_code == 200, tokens.text
        told: dict[str, str] = tokens.json()
        return told


def challenge(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def sent_on(person: Person, url: str) -> httpx2.Response:
    """Follow the tenant's own redirects, and stop at a page or at the way out."""
    here = urlsplit(url).netloc
    answer = await person.http.get(url)
    while answer.is_redirect:
        target = answer.headers["Location"]
        if not target.startswith("/") and urlsplit(target).netloc != here:
            break
        answer = await person.http.get(urljoin(url, target))
    person.page = answer
    return answer


async def decided(person: Person, decision: str) -> httpx2.Response:
    """Answer the question that the person sees, and stop where that leads to."""
    return await person.submit({"decision": decision}, to="/decision", follow=False)


async def allowed(person: Person, asking: Asking) -> dict[str, str]:
    """What the application is told after the person, asked or not, has let it in."""
    answer = await sent_on(person, asking.url)
    if answer.status_code == 200:
        answer = await decided(person, "allow")
    return told(answer)


def told(answer: httpx2.Response) -> dict[str, str]:
    """What an application is told, by its address or by a form."""
    if answer.status_code == 200:
        return hidden_fields(answer.text)
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def hidden_fields(page: str) -> dict[str, str]:
    """What the forms of a page send unseen, but the one that chooses another language."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(_LANGUAGES.sub("", page))}


def is_asked(answer: httpx2.Response) -> bool:
    """Whether a page asks the person to decide."""
    return answer.status_code == 200 and any(
        form.action.endswith("/decision") for form in forms(answer.text)
    )


async def claims(
    http: httpx2.AsyncClient, tenant: Tenant, token: str, *, audience: str
) -> dict[str, object]:
    """What a token says, checked against the tenant's JWKS as a client would."""
    keys = (await http.get(f"{tenant.issuer}/.well-known/jwks.json")).json()
    header = jwt.get_unverified_header(token)
    key = next(jwt.PyJWK(each) for each in keys["keys"] if each["kid"] == header["kid"])
    said: dict[str, object] = jwt.decode(
        token, key, algorithms=[header["alg"]], issuer=tenant.issuer, audience=audience
    )
    return said
