"""Where two tours happen, and what all of what is done on them needs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

import httpx2

from authgate.installation import Installation
from authgate.storage.invalidation import EVERY_TOPIC
from authgate_testing.application import Application
from authgate_testing.device import Device
from authgate_testing.matrix.lockstep import Lockstep
from authgate_testing.matrix.pages import Visitor
from authgate_testing.matrix.routes import Routes
from authgate_testing.matrix.stored import Rows, Stored
from authgate_testing.matrix.things import PASSWORD, Household
from authgate_testing.person import Person
from authgate_testing.server import BASE_URL


@dataclass(slots=True)
class Stage:
    """Where both tours happen."""

    lockstep: Lockstep
    stored: Stored
    routes: Routes
    parts: Installation
    kept: list[Rows] = field(default_factory=list)

    def http(self) -> httpx2.AsyncClient:
        """A browser of its own, or a program."""
        transport = httpx2.ASGITransport(self.lockstep)
        return httpx2.AsyncClient(transport=transport, base_url=BASE_URL)


@dataclass(slots=True)
class Walk:
    """Of one of the two tenants."""

    stage: Stage
    side: int
    home: Household
    http: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.stage.http()

    async def sign_in(self, person: Person, username: str) -> None:
        """With the password that everybody has."""
        page = await person.sign_in(self.home.tenant.issuer, username, PASSWORD)
        assert page.is_success, page.text
        assert "/login" not in page.url.path, page.text

    def application(self) -> Application:
        """The one that may do most."""
        uri = f"https://app.{self.home.word}.example/callback"
        return Application(
            self.http,
            self.home.tenant,
            self.home.web,
            uri,
            scope="openid profile email offline_access read",
        )

    def device(self) -> Device:
        """One that shows codes."""
        return Device(self.http, self.home.tenant, self.home.web)

    async def look_at(
        self, person: Person, page: httpx2.Response, typed: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Send the forms of a page."""
        await self.visitor(person, typed).look_at(page)

    def visitor(self, person: Person, typed: Mapping[str, str]) -> Visitor:
        """Somebody who types this where it is asked for, and else the usual."""
        word = self.home.word
        usual = {
            "name": f"client-{word}",
            "redirect_uris": f"https://typed.{word}.example/callback",
            "search": word,
            "username": self.home.member.username,
            "password": PASSWORD,
            "user": self.home.member.username,
            "client": self.home.web.client.client_id,
            "uri": f"https://more.{word}.example",
            "host": f"more.{word}.example",
            "email": f"typed-guest@{word}.example",
            "title": f"do {word}",
            "description": f"About {word}",
            "scopes": "openid",
            "key": self.home.key.pem(),
            "url": f"https://typed.{word}.example/",
            "since": "2026-01-01",
            "display_name": f"typed {word}",
            "login": self.home.member.username,
            "network": network(word, more=1),
            "sender": f"no-reply@{word}.example",
            "port": "587",
            "recipient": f"reads@{word}.example",
            "reason": f"for {word}",
            "config-client_id": f"typed-{word}",
            "config-client_secret": f"typed-secret-{word}",
            "passphrase": f"the passphrase of {word}",
        }
        tenant, routes = self.home.tenant, self.stage.routes
        return Visitor(person.http, tenant, routes, usual | dict(typed), self.undone)

    @asynccontextmanager
    async def undone(self, *browsers: httpx2.AsyncClient) -> AsyncIterator[None]:
        """What is done in the block has never been done after it; browsers have what they had."""
        stage, cookies = self.stage, [list(each.cookies.jar) for each in browsers]
        await stage.lockstep.both(self.side, once=lambda: stage.kept.append(stage.stored.keep()))
        yield
        await stage.lockstep.both(self.side, once=lambda: stage.stored.put_back(stage.kept.pop()))
        stage.parts.invalidations.forget(EVERY_TOPIC, None)
        for browser, had in zip(browsers, cookies, strict=True):
            browser.cookies.jar.clear()
            for cookie in had:
                browser.cookies.jar.set_cookie(cookie)


def network(word: str, more: int = 0) -> str:
    """One that no other household blocks."""
    return f"2001:db8:{int.from_bytes(word.encode(), 'big') % 65521 + more:x}::/48"
