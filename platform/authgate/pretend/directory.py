"""A pretend service that checks passwords, by the contract of AuthGate (Go): it is sent name and
password as JSON, and says who it is."""

import hmac
import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from secrets import token_urlsafe
from typing import Protocol

from authgate.pretend.host import Answer, Asked
from authgate.pretend.provider import Person


class Directory(Protocol):
    """What a test has to know of a place that keeps passwords, whatever it speaks."""

    host: str
    """Name and port, as they are in its addresses."""
    secret: str
    """By which it knows who asks."""
    login: str
    """The name of somebody whom it knows."""
    password: str
    """Theirs."""

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        ...

    def rename(self, username: str, email: str, *, verified: bool) -> None:
        """The same person is called otherwise from now on; they sign in by the same name."""
        ...


@dataclass
class PretendDirectory:
    """A service that knows one person. It wants its secret in ``X-API-Secret``, or requests signed
    with it."""

    host: str
    secret: str = field(default_factory=lambda: token_urlsafe(24))
    login: str = "pat"
    password: str = field(default_factory=lambda: token_urlsafe(16))
    person: Person = field(default_factory=Person)
    groups: tuple[str, ...] = ("staff",)

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.method != "POST" or not self._is_signed(asked):
            return Answer(status=401, body=b'{"error": "not signed"}')
        said = json.loads(asked.body)
        if (said["username"].lower(), said["password"]) != (self.login, self.password):
            return Answer(body=b'{"success": false, "message": "Wrong name or password."}')
        person = self.person
        known = {
            "success": True,
            "user_id": person.subject,
            "username": person.username,
            "email": person.email,
            "email_verified": person.email_verified,
            "full_name": person.name,
            "groups": list(self.groups),
        }
        return Answer(body=json.dumps(known).encode())

    def rename(self, username: str, email: str, *, verified: bool) -> None:
        """The same person is called otherwise from now on; they sign in by the same name."""
        self.person = replace(self.person, username=username, email=email, email_verified=verified)

    def _is_signed(self, asked: Asked) -> bool:
        shown = asked.headers.get("x-api-secret", "")
        if hmac.compare_digest(shown.encode(), self.secret.encode()):
            return True
        moment = asked.headers.get("x-timestamp", "")
        message = f"{moment}{asked.method}{asked.path}".encode() + asked.body
        right = hmac.new(self.secret.encode(), message, sha256).hexdigest()
        return bool(asked.headers.get("x-nonce")) and hmac.compare_digest(
            asked.headers.get("x-signature", ""), right
        )
