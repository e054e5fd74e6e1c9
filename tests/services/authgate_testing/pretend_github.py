"""A GitHub that answers on this machine."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from authgate.pretend.host import Answer, Asked


@dataclass
class PretendGitHub:
    """GitHub's side of the flow: it checks what it is sent, as GitHub does."""

    host: str
    client_id: str = "Iv1.acme"
    client_secret: str = "the-secret"
    user: dict[str, object] = field(
        default_factory=lambda: {
            "id": 583231,
            "login": "octocat",
            "name": "The Octocat",
            "avatar_url": "https://avatars.example/583231",
        }
    )
    emails: list[dict[str, object]] | None = field(
        default_factory=lambda: [
            {"email": "other@example.com", "primary": False, "verified": True},
            {"email": "octocat@example.com", "primary": True, "verified": True},
        ]
    )
    down: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def approve(self, authorization_url: str) -> dict[str, str]:
        """The person agrees on GitHub's page: the query that the browser comes back with."""
        parts = urlsplit(authorization_url)
        assert (parts.netloc, parts.path) == (self.host, "/login/oauth/authorize")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert query["client_id"] == self.client_id
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def rename(self, username: str, email: str, *, verified: bool) -> None:
        """The same person is called otherwise from now on."""
        self.user["login"] = username
        self.emails = [{"email": email, "primary": True, "verified": verified}]

    def __call__(self, asked: Asked) -> Answer:
        if self.down:
            return Answer(status=503, body=b"<html>Unicorn!</html>")
        if (asked.method, asked.path) == ("POST", "/login/oauth/access_token"):
            return self._token(asked.form)
        if asked.headers.get("authorization") != "Bearer gho_1":
            return Answer(status=401, body=b'{"message": "Bad credentials"}')
        said = {"/api/v3/user": self.user, "/api/v3/user/emails": self.emails}.get(asked.path)
        return Answer(status=404 if said is None else 200, body=json.dumps(said).encode())

    def _token(self, form: Mapping[str, str]) -> Answer:
        begun = self.codes.pop(form.get("code", ""), None)
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        if (
            begun is None
            or form.get("client_id") != self.client_id
            or form.get("client_secret") != self.client_secret
            or form.get("redirect_uri") != begun["redirect_uri"]
            or urlsafe_b64encode(digest).rstrip(b"=").decode() != begun["code_challenge"]
        ):
            return Answer(body=b'{"error": "bad_verification_code"}')
        return Answer(body=b'{"access_token": "gho_1", "token_type": "bearer"}')
