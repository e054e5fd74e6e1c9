"""What is right in a request: the tenant's addresses, and whatever may be shown at them."""

import base64
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

from authgate_testing.bad_requests.message import Message
from authgate_testing.device import GRANT
from authgate_testing.faults.household import CALLBACK

_FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
_JSON = (b"Content-Type", b"application/json")
_REGISTERED = {"client_name": "Ledger", "client_id": "ledger", "tos_uri": "https://ledger.example"}
_PREFLIGHT = (
    (b"Origin", b"https://app.example"),
    (b"Access-Control-Request-Method", b"POST"),
    (b"Access-Control-Request-Headers", b"authorization, dpop"),
)
_HTML = (b"Accept", b"text/html,application/xhtml+xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A tenant that is served, and what its clients and its person have in hand."""

    authority: str
    prefix: str
    machine: tuple[str, str]
    device: str
    access_token: str
    device_code: str
    user_code: str
    cookies: str
    csrf_token: str

    def programs(self) -> list[Message]:
        """Good requests for the endpoints that answer programs, in JSON."""
        basic = base64.b64encode(":".join(map(quote_plus, self.machine)).encode())
        client = {"client_id": self.machine[0], "client_secret": self.machine[1]}
        poll = {"grant_type": GRANT, "client_id": self.device, "device_code": self.device_code}
        machine = {"grant_type": "client_credentials", "scope": "read"}
        asking = {"client_id": self.device, "scope": "openid profile"}
        redeemed = client | {
            "grant_type": "authorization_code",
            "code": "c",
            "code_verifier": "v" * 43,
        }
        refreshed = client | {"grant_type": "refresh_token", "refresh_token": "agrt_r"}
        pushed = client | {
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "code_challenge": "c" * 43,
            "code_challenge_method": "S256",
        }
        told = client | {"token": self.access_token, "token_type_hint": "access_token"}
        bearer = (b"Authorization", b"Bearer " + self.access_token.encode())
        return [
            self._post("/oauth/token", machine, (b"Authorization", b"Basic " + basic)),
            self._post("/oauth/token", machine | client),
            self._post("/oauth/token", poll),
            self._post("/oauth/token", redeemed),
            self._post("/oauth/token", refreshed),
            self._post("/oauth/par", pushed),
            self._post("/oauth/introspect", told),
            self._post("/oauth/revoke", client | {"token": "agrt_r"}),
            self._post("/oauth/device/code", asking),
            self._message("POST", "/oauth/device/code", _JSON, body=_as_json(asking)),
            self._message("POST", "/oauth/register", _JSON, body=_as_json(_REGISTERED)),
            self._message("PUT", "/oauth/register", _JSON, bearer, body=_as_json(_REGISTERED)),
            self._message("OPTIONS", "/oauth/token", *_PREFLIGHT),
            self._post("/oauth/token", poll, _PREFLIGHT[0]),
            self._message("GET", "/oauth/tokeninfo", bearer),
            self._message("GET", "/oauth/userinfo", bearer),
            self._post("/oauth/userinfo", {"access_token": self.access_token}),
            self._message("GET", "/.well-known/openid-configuration"),
            self._message("GET", "/.well-known/oauth-authorization-server"),
            self._message("HEAD", "/.well-known/jwks.json"),
            self._message("GET", "/livez", below=""),
            self._message("GET", "/readyz", below=""),
            self._message("GET", "/health", below=""),
        ]

    def pages(self) -> list[Message]:
        """Good requests of a person's browser, and for what belongs to no tenant."""
        sent = {"csrf_token": self.csrf_token}
        code = {"user_code": self.user_code}
        cookies = (b"Cookie", self.cookies.encode())
        asking = {
            "response_type": "code",
            "client_id": self.machine[0],
            "redirect_uri": CALLBACK,
            "scope": "read",
            "state": "s",
            "nonce": "n",
            "prompt": "consent",
            "max_age": "60",
            "code_challenge": "a" * 43,
            "code_challenge_method": "S256",
        }
        leaving = {
            "id_token_hint": self.access_token,
            "client_id": self.machine[0],
            "post_logout_redirect_uri": CALLBACK,
            "state": "s",
        }
        asked = f"/oauth/authorize/{'h' * 43}"
        decided = sent | {"request": "h" * 43, "decision": "allow"}
        return [
            self._message("GET", "/oauth/authorize", _HTML, query=urlencode(asking).encode()),
            self._post("/oauth/authorize", asking, _HTML, cookies),
            self._message("GET", asked, _HTML, cookies),
            self._post(f"{asked}/decision", decided, _HTML, cookies),
            self._message(
                "GET", "/oauth/logout", _HTML, cookies, query=urlencode(leaving).encode()
            ),
            self._post("/oauth/logout", leaving, _HTML),
            self._message("GET", f"/oauth/logout/{'A' * 200}", _HTML, cookies),
            self._message("GET", "/login", _HTML),
            self._message("HEAD", "/login", _HTML),
            self._message("GET", "/device", _HTML, cookies, query=urlencode(code).encode()),
            self._post("/login", {"username": "mira", "return_to": "/device"}, _HTML, cookies),
            self._post("/device", sent | code, _HTML, cookies),
            self._post("/device/decision", sent | code | {"decision": "no"}, _HTML, cookies),
            self._message("GET", "/account/sessions", _HTML, cookies, query=b"ended=1"),
            self._post("/account/sessions/end", sent | {"session": "1"}, _HTML, cookies),
            self._message("GET", "/account/apps", _HTML, cookies, query=b"removed=1"),
            self._post("/account/apps/remove", sent | {"client": "ledger"}, _HTML, cookies),
            self._post("/account/access/remove", sent | {"access": "1"}, _HTML, cookies),
            self._message("GET", "/login/github", _HTML, query=b"return_to=/device"),
            self._message("GET", "/login/github/callback", _HTML, query=b"code=a&state=b"),
            self._message("GET", "/static/app.css", below=""),
            self._message("GET", "/", below=""),
        ]

    def _post(self, path: str, form: dict[str, str], *fields: tuple[bytes, bytes]) -> Message:
        return self._message("POST", path, _FORM, *fields, body=urlencode(form).encode())

    def _message(
        self,
        method: str,
        path: str,
        *fields: tuple[bytes, bytes],
        query: bytes = b"",
        body: bytes | None = None,
        below: str | None = None,
    ) -> Message:
        prefix = self.prefix if below is None else below
        target = f"{prefix}{path}".encode() + (b"?" + query if query else b"")
        host = (b"Host", self.authority.encode())
        return Message(method.encode(), target, [host, *fields], body)


def _as_json(values: dict[str, str]) -> bytes:
    pairs = (f'"{name}": "{value}"' for name, value in values.items())
    return ("{" + ", ".join(pairs) + "}").encode()
