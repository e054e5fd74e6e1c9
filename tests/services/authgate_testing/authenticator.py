"""An authenticator app: knows a secret, and shows the code of the moment."""

import re
from base64 import b32decode
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from authgate.accounts import totp
from authgate.accounts.second_factors import SecondFactors
from authgate.storage import transaction
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

_KEY = re.compile(r"<code>([A-Z2-7 ]{39})</code>")
_CODES = re.compile(r"<li><code>([a-z0-9-]+)</code></li>")


@dataclass(slots=True)
class Authenticator:
    """Of one account."""

    server: RunningServer
    secret: bytes

    @classmethod
    def scanned(cls, server: RunningServer, page: str) -> "Authenticator":
        """One that has read the key off a page."""
        return cls(server, _secret(page))

    @property
    def code(self) -> str:
        """What it shows now."""
        return totp.value(self.secret, self.server.clock().timestamp())

    @property
    def next_code(self) -> str:
        """What it shows next, half a minute later: nobody has used it."""
        self.server.clock.advance(totp.SECONDS)
        return self.code


async def enrolled(
    server: RunningServer, tenant: Tenant, user: User
) -> tuple[Authenticator, list[str]]:
    """The app of somebody who has set one up, and their recovery codes."""
    factors, secret = SecondFactors(server.parts.encryption), totp.new_secret()
    with use_tenant(tenant):
        async with transaction():
            await factors.enrol(user, secret, step=0, now=server.clock())
            codes = await factors.new_recovery_codes(user, now=server.clock())
    return Authenticator(server, secret), list(codes)


async def let_in(server: RunningServer, tenant: Tenant, user: User, **more: str) -> Person:
    """Somebody who has set up an app, at a browser in which they have signed in with both factors.
    The form that takes the code is sent with ``more``."""
    app, _ = await enrolled(server, tenant, user)
    person = Person(server.browser())
    await person.sign_in(tenant.issuer, user.username)
    await show(person, app.code, **more)
    return person


def code_of(page: str, now: datetime) -> str:
    """What an app shows at this moment that has read the key off a page."""
    return totp.value(_secret(page), now.timestamp())


def _secret(page: str) -> bytes:
    [key] = _KEY.findall(page)
    return b32decode(key.replace(" ", ""))


def recovery_codes(page: str) -> list[str]:
    """Those that a page shows."""
    return [unescape(each) for each in _CODES.findall(page)]


def is_asked(person: Person) -> bool:
    """Whether the page before somebody asks for their second factor."""
    return person.page is not None and person.page.url.path.endswith("/second-factor")


async def show(person: Person, code: str, **more: str) -> int:
    """Type a code; the status of the page that comes."""
    return (await person.submit({"code": code, **more}, to="/second-factor")).status_code
