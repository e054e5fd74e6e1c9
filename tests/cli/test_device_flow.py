"""A device's side of the device grant, against the whole server and against issuers gone wrong."""

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from authgate.cli.sign_in import headless_browser
from authgate.cli.sign_in.device_flow import (
    Authorization,
    Denied,
    DeviceFlow,
    Endpoints,
    Expired,
    NoAnswer,
    SignInFailed,
)
from authgate.cli.sign_in.headless_browser import PageRefused
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings
from authgate.storage.people.users import User
from authgate_tenants import Tenant
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def database_settings(sqlite_settings: DatabaseSettings) -> DatabaseSettings:
    """One database: a device cannot tell them apart."""
    return sqlite_settings


@pytest.fixture
def flow(server: RunningServer, device_client: NewClient) -> DeviceFlow:
    """A device with a public client of acme."""
    return DeviceFlow(server.browser(), client_id=device_client.client.client_id)


async def begun(flow: DeviceFlow, acme: Tenant) -> tuple[Endpoints, Authorization]:
    """A sign-in that waits for the person."""
    endpoints = await flow.discover(acme.issuer)
    return endpoints, await flow.begin(endpoints, scope="openid email read")


async def decide(server: RunningServer, waiting: Authorization, decision: str) -> None:
    """Sign in as Alice, and decide."""
    person = Person(server.browser())
    await person.visit(waiting.verification_uri)
    await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    await person.submit({"user_code": waiting.user_code}, to="/device")
    await person.submit({"mine": "1", "decision": decision}, to="/decision")


async def test_the_whole_flow_ends_with_who_is_signed_in(
    server: RunningServer, flow: DeviceFlow, acme: Tenant, alice: User
) -> None:
    endpoints, waiting = await begun(flow, acme)
    await headless_browser.approve(server.browser(), waiting, username="alice", password=PASSWORD)
    tokens = await flow.approved(endpoints, waiting)
    assert tokens.scope == "openid email read"
    person = await flow.userinfo(endpoints, tokens)
    assert person["sub"] == alice.subject
    assert person["email"] == "alice@acme.example"


async def test_it_learns_of_the_decision_at_once_from_an_issuer_that_holds_its_answer(
    server: RunningServer, flow: DeviceFlow, acme: Tenant, alice: User
) -> None:
    endpoints, waiting = await begun(flow, acme)
    waits: list[float] = []
    approved = asyncio.create_task(flow.approved(endpoints, waiting, sleep=waits.append))
    await decide(server, waiting, "approve")
    async with asyncio.timeout(3):
        assert (await approved).scope == "openid email read"
    assert waits == []


async def test_it_polls_no_faster_than_asked_and_slower_when_told(
    server: RunningServer, device_client: NewClient, acme: Tenant, alice: User
) -> None:
    http = server.browser()
    http.event_hooks["request"].append(without_preference)  # as issuers see it that know none
    flow = DeviceFlow(http, client_id=device_client.client.client_id)
    endpoints, waiting = await begun(flow, acme)
    waits: list[float] = []

    async def hurry(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            await decide(server, waiting, "approve")

    await flow.approved(endpoints, waiting, sleep=hurry)
    # No time has passed for the server: each poll after the first was too early.
    assert waits == [5, 10, 15, 20]


async def without_preference(request: httpx2.Request) -> None:
    request.headers.pop("prefer", None)


async def test_it_goes_on_after_an_issuer_that_was_away_for_a_moment() -> None:
    answers = [
        httpx2.Response(503, json={"error": "temporarily_unavailable"}),
        httpx2.Response(400, json={"error": "authorization_pending"}),
        httpx2.Response(200, json={"access_token": "t"}),
    ]
    waits: list[float] = []

    async def hurry(seconds: float) -> None:
        waits.append(seconds)

    flow = issuer_that_says(lambda _: answers.pop(0))
    waiting = Authorization("d", "BCDF-GHJK", "https://id.example/device", "", 1e12, 5)
    endpoints = Endpoints("https://id.example", *("https://id.example/token",) * 3)
    assert (await flow.approved(endpoints, waiting, sleep=hurry)).access_token == "t"
    assert waits == [5, 5]


@pytest.mark.usefixtures("alice")
async def test_who_denies_ends_the_sign_in(
    server: RunningServer, flow: DeviceFlow, acme: Tenant
) -> None:
    endpoints, waiting = await begun(flow, acme)
    await decide(server, waiting, "deny")
    with pytest.raises(Denied, match="denied"):
        await flow.approved(endpoints, waiting)


async def test_a_code_that_nobody_approves_ends(
    server: RunningServer, flow: DeviceFlow, acme: Tenant
) -> None:
    endpoints, waiting = await begun(flow, acme)
    assert waiting.seconds_left > 890
    server.clock.advance(901)
    with pytest.raises(Expired, match="start again"):
        await flow.approved(endpoints, waiting)


async def test_an_unknown_client_is_refused_with_the_server_s_reason(
    server: RunningServer, acme: Tenant
) -> None:
    flow = DeviceFlow(server.browser(), client_id="nobody")
    endpoints = await flow.discover(f"{acme.issuer}/")
    with pytest.raises(SignInFailed, match="invalid_client"):
        await flow.begin(endpoints, scope="")


async def test_what_is_no_issuer_is_said_to_be_none(flow: DeviceFlow, acme: Tenant) -> None:
    with pytest.raises(SignInFailed, match="answers 404: is this an issuer"):
        await flow.discover(f"{acme.issuer}x")


@pytest.mark.usefixtures("alice")
async def test_a_headless_sign_in_with_a_wrong_password_approves_nothing(
    server: RunningServer, flow: DeviceFlow, acme: Tenant
) -> None:
    _, waiting = await begun(flow, acme)
    with pytest.raises(PageRefused, match="does not take the user name and password"):
        await headless_browser.approve(
            server.browser(), waiting, username="alice", password="wrong"
        )


@pytest.mark.usefixtures("alice")
async def test_a_headless_sign_in_with_a_wrong_code_approves_nothing(
    server: RunningServer, flow: DeviceFlow, acme: Tenant
) -> None:
    _, waiting = await begun(flow, acme)
    other = Authorization(
        device_code="",
        user_code="BCDF-GHJK",
        verification_uri=waiting.verification_uri,
        verification_uri_complete="",
        expires_at=0,
        interval=5,
    )
    with pytest.raises(PageRefused, match="No page shows the code"):
        await headless_browser.approve(server.browser(), other, username="alice", password=PASSWORD)


METADATA = {
    "issuer": "https://id.example",
    "device_authorization_endpoint": "https://id.example/device",
    "token_endpoint": "https://id.example/token",
    "userinfo_endpoint": "https://id.example/userinfo",
}


def issuer_that_says(answer: Callable[[httpx2.Request], httpx2.Response]) -> DeviceFlow:
    """A device before an issuer that answers so."""
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return DeviceFlow(http, client_id="tv")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "no JSON"),
        (b"[1]", "no object"),
        (b'{"issuer": "https://evil.example"}', "calls itself 'https://evil.example'"),
        (b'{"issuer": "https://id.example"}', "has no device flow"),
    ],
)
async def test_strange_metadata_is_refused(body: bytes, said: str) -> None:
    flow = issuer_that_says(lambda _: httpx2.Response(200, content=body))
    with pytest.raises(SignInFailed, match=said):
        await flow.discover("https://id.example")


async def test_an_issuer_that_is_away_is_said_to_be_away() -> None:
    def away(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectTimeout("away")

    with pytest.raises(NoAnswer, match=r"Nobody answers at https://id\.example"):
        await issuer_that_says(away).discover("https://id.example")


async def test_who_signed_in_may_be_refused_too() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/userinfo":
            return httpx2.Response(401, json={"error": "invalid_token"})
        return httpx2.Response(200, json={"access_token": "t"} | METADATA)

    flow = issuer_that_says(answer)
    endpoints = await flow.discover("https://id.example")
    waiting = Authorization("d", "BCDF-GHJK", "https://id.example/device", "", 0, 0)
    tokens = await flow.approved(endpoints, waiting)
    with pytest.raises(SignInFailed, match=r"/userinfo refuses: invalid_token"):
        await flow.userinfo(endpoints, tokens)
