"""Who waits for something slow keeps nobody else from being served."""

import asyncio
from typing import Any, cast

import pytest
from quart import Blueprint, Quart, Response

from authgate import storage
from authgate.storage.people.users import User
from authgate_tenants import Tenant
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

PASSWORD = "correct-horse-battery-staple"
CROWD = 40


class SlowProvider:
    """Another server, which a page asks and which takes its time."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()
        self.everybody_asks = asyncio.Event()

    async def page(self) -> Response:
        """Ask it, as a sign-in through a connection does."""
        async with storage.set_aside():
            self.asked += 1
            if self.asked == CROWD:
                self.everybody_asks.set()
            await self.answers.wait()
        return Response("answered", content_type="text/html")


@pytest.fixture
def provider(server: RunningServer) -> SlowProvider:
    """A page of the server's that needs the provider."""
    slow = SlowProvider()
    routes = Blueprint("slow", __name__)
    routes.get("/slow")(slow.page)
    people: Quart = cast(Any, cast(Wiretap, server.transport.app).app)._people
    people.register_blueprint(routes)
    return slow


async def test_who_waits_for_another_server_holds_up_no_page_of_another_tenant(
    server: RunningServer, acme: Tenant, globex: Tenant, bob: User, provider: SlowProvider
) -> None:
    waiting = [asyncio.create_task(server.http.get(f"{acme.issuer}/slow")) for _ in range(CROWD)]
    try:
        async with asyncio.timeout(30):
            await provider.everybody_asks.wait()
            person = Person(server.browser())
            page = await person.sign_in(globex.issuer, "bob", PASSWORD)
            assert page.url.path == "/t/globex/account/sessions"
    finally:
        provider.answers.set()
        answers = await asyncio.gather(*waiting)
    assert {answer.status_code for answer in answers} == {200}
