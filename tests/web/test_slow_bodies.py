"""A body that never ends: it is given up in time, and meanwhile it is in nobody's way (HT-13)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, ServerSettings, Settings
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    """A server with the patience of the test's choice, by an indirect parameter."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        server=ServerSettings(body_seconds=getattr(request, "param", 60)),
        log_level="error",
    )


impatient = pytest.mark.parametrize("settings", [0.1], indirect=True)


class Unfinished:
    """A body whose end never comes."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"username=a"
        self.begun.set()
        await asyncio.Event().wait()


async def post(server: RunningServer, url: str, body: Unfinished) -> httpx2.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "100"}
    async with server.browser() as http:
        return await http.post(url, content=aiter(body), headers=headers)


def test_ht_13_a_client_has_ten_seconds_for_its_body() -> None:
    assert ServerSettings().body_seconds == 10


@impatient
@on_sqlite
async def test_ht_13_a_form_that_never_ends_is_given_up(
    server: RunningServer, acme: Tenant
) -> None:
    answer = await post(server, f"{acme.issuer}/login", Unfinished())
    assert answer.status_code == 408
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-request-id"] in answer.text


@impatient
@on_sqlite
async def test_ht_13_a_token_request_that_never_ends_is_given_up(
    server: RunningServer, acme: Tenant
) -> None:
    answer = await post(server, f"{acme.issuer}/oauth/token", Unfinished())
    assert (answer.status_code, answer.json()["error"]) == (408, "invalid_request")
    assert answer.headers["cache-control"] == "no-store"


async def test_ht_13_a_form_that_never_ends_holds_no_connection_to_the_database(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    slow = [Unfinished() for _ in range(server.parts.settings.database.pool_size)]
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        waiting = [group.create_task(post(server, f"{acme.issuer}/login", it)) for it in slow]
        await asyncio.gather(*(each.begun.wait() for each in slow))
        page = await server.http.get(f"{acme.issuer}/login")
        token = await server.http.post(
            f"{acme.issuer}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(machine.client.client_id, machine.secret or ""),
        )
        for each in waiting:
            each.cancel()
    assert (page.status_code, token.status_code) == (200, 200)
