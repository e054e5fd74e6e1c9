"""While the database is away every door says so, and when to come back; never that we failed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.postgres import invalidation
from authgate_tenants import Tenant
from authgate_testing import PostgresServer
from authgate_testing.caller import Caller
from authgate_testing.device import GRANT, Device, decide
from authgate_testing.hearing import hears
from authgate_testing.line import Line, line_to
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

MACHINE = "application/json"
PEOPLE = "text/html"


@pytest.fixture
async def line(postgres: PostgresServer) -> AsyncIterator[Line]:
    """What leads to the database."""
    async with line_to(postgres.port) as line:
        yield line


@pytest.fixture
def settings(
    postgres_settings_of_own: DatabaseSettings,
    postgres: PostgresServer,
    line: Line,
    tmp_path: Path,
) -> Settings:
    """A server that reaches its database by this line."""
    direct = postgres_settings_of_own.url.get_secret_value()
    url = direct.replace(f":{postgres.port}/", f":{line.port}/")
    return Settings(
        database=DatabaseSettings(url=SecretStr(url), statement_seconds=1.0),
        keys=KeySettings(kek_file=tmp_path / "kek"),
        log_level="info",
    )


@pytest.fixture(autouse=True)
def remembering(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process notices meanwhile, and forgets whose page is asked for."""
    monkeypatch.setattr(invalidation, "SILENCE_SECONDS", 60)


@pytest.fixture
async def token(device: Device, person: Person) -> str:
    """A good access token of Alice's."""
    shown = await device.start()
    await decide(person, shown)
    granted: str = (await device.poll(shown["device_code"])).json()["access_token"]
    return granted


class Visitor:
    """Knocks at every door there is."""

    def __init__(
        self,
        at_acme: Caller,
        person: Person,
        device: Device,
        machine: NewClient,
        token: str,
        form: dict[str, str],
    ) -> None:
        self._at_acme = at_acme
        self._person = person
        self._device = device
        self._machine = machine
        self._token = token
        self._form = form

    async def machine_doors(self) -> list[httpx2.Response]:
        """Ask what programs ask."""
        basic = (self._machine.client.client_id, self._machine.secret or "")
        post, get = self._at_acme.post, self._at_acme.get
        return [
            await post("/oauth/token", {"grant_type": "client_credentials"}, basic=basic),
            await post("/oauth/token", {"grant_type": "client_credentials"}, basic=("no", "no")),
            await self._device.ask(),
            await self._device.poll("x" * 43),
            await get("/oauth/tokeninfo", bearer=self._token),
            await get("/oauth/userinfo", bearer=self._token),
        ]

    async def peoples_doors(self) -> list[httpx2.Response]:
        """Open the pages and send the forms that people do."""
        http, issuer = self._person.http, self._at_acme.tenant.issuer
        form = self._form | {"username": "alice", "password": "wrong-password-here"}
        return [
            *[await http.get(f"{issuer}{path}") for path in ("/login", "/device", "/account")],
            await http.get(f"{issuer}/device?user_code=BCDF-GHJK"),
            *[
                await http.post(f"{issuer}{path}", data=form)
                for path in ("/login", "/logout", "/device", "/account/sessions/end-others")
            ],
        ]


@pytest.fixture
async def visitor(
    at_acme: Caller, person: Person, device: Device, machine: NewClient, token: str
) -> Visitor:
    """Somebody who was here before the outage."""
    page = await person.visit(f"{at_acme.tenant.issuer}/account/sessions")
    return Visitor(at_acme, person, device, machine, token, forms(page.text)[0].hidden)


def says_to_come_back(answer: httpx2.Response, content_type: str) -> bool:
    assert answer.status_code == 503, (answer.url, answer.text)
    assert answer.headers["content-type"].startswith(content_type)
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"
    return True


async def test_a_database_that_is_gone_is_an_outage_at_every_door(
    server: RunningServer, acme: Tenant, at_acme: Caller, line: Line, visitor: Visitor
) -> None:
    await hears(server)
    assert {each.status_code for each in await visitor.machine_doors()} == {200, 400, 401}
    await line.refuse()
    for answer in await visitor.machine_doors():
        assert says_to_come_back(answer, MACHINE)
        assert answer.json()["error"] == "temporarily_unavailable"
    for answer in await visitor.peoples_doors():
        assert says_to_come_back(answer, PEOPLE)
        assert "We are not ready" in answer.text
        assert "authgate_session=" not in str(answer.headers.get_list("set-cookie"))
    # What is remembered is still told.
    assert (await at_acme.get("/.well-known/openid-configuration")).status_code == 200
    # A tenant that nobody has asked for yet may be one, for all we know.
    for path in ("/t/initech/oauth/token", "/t/initech/login", "/t/initech/.well-known/jwks.json"):
        for accept in (MACHINE, PEOPLE):
            answer = await server.http.get(path, headers={"Accept": accept})
            assert says_to_come_back(answer, accept)

    await line.heal()
    assert {each.status_code for each in await visitor.machine_doors()} == {200, 400, 401}
    assert {each.status_code for each in await visitor.peoples_doors()} <= {200, 303, 400, 403}
    assert (await server.http.get("/t/initech/login")).status_code == 404


async def test_a_database_that_says_nothing_is_an_outage_after_a_few_seconds(
    at_acme: Caller, line: Line, visitor: Visitor, machine: NewClient, token: str
) -> None:
    line.stall()
    basic = (machine.client.client_id, machine.secret or "")
    form = {"grant_type": "client_credentials"}
    for path in ("/oauth/token", "/oauth/tokeninfo", "/login"):
        began = time.monotonic()
        if path == "/oauth/token":
            answer = await at_acme.post(path, form, basic=basic)
        else:
            answer = await at_acme.get(path, bearer=token)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert time.monotonic() - began < 12
    await line.heal()
    assert {each.status_code for each in await visitor.machine_doors()} == {200, 400, 401}


async def test_a_database_that_takes_no_writes_is_an_outage(
    at_acme: Caller,
    postgres: PostgresServer,
    postgres_settings_of_own: DatabaseSettings,
    machine: NewClient,
    device: Device,
) -> None:
    name = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    shown = await device.start()
    postgres.execute(
        f'ALTER DATABASE "{name}" SET default_transaction_read_only = on',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'authgate_app%'",
    )
    basic = (machine.client.client_id, machine.secret or "")
    for answer in (
        await at_acme.post("/oauth/token", {"grant_type": "client_credentials"}, basic=basic),
        await device.ask(),
    ):
        assert says_to_come_back(answer, MACHINE)
    reading = await device.poll(shown["device_code"], grant_type=GRANT)
    assert reading.status_code in (400, 503)


async def test_what_is_remembered_is_told_for_its_time_and_then_an_outage_is(
    at_acme: Caller, server: RunningServer, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = ("/.well-known/jwks.json", "/.well-known/openid-configuration")
    await hears(server)  # or it would forget once more
    for path in documents:
        assert (await at_acme.get(path)).status_code == 200
    await line.refuse()
    for path in documents:
        assert (await at_acme.get(path)).status_code == 200
    for cache in server.parts.caches:
        monkeypatch.setattr(cache._values, "_clock", lambda: time.monotonic() + 60)
    for path in documents:
        answer = await at_acme.get(path)
        assert says_to_come_back(answer, MACHINE)
        assert answer.json()["error"] == "temporarily_unavailable"
    await line.heal()
    line.stall()
    for answer in await asyncio.gather(*(at_acme.get(path) for path in documents)):
        assert says_to_come_back(answer, MACHINE)
    probe = await server.http.get("/readyz")
    assert says_to_come_back(probe, MACHINE)


async def test_what_the_driver_says_of_the_line_is_said_in_nobody_s_name(
    line: Line, device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """It mends its pool in the context of whichever request gave a silent connection up."""
    await device.ask()
    line.stall()
    assert says_to_come_back(await device.ask(), MACHINE)
    await line.refuse()
    async with asyncio.timeout(30):
        while "pool connection floor" not in (said := capsys.readouterr().err):
            await device.ask()
            await asyncio.sleep(0.05)
    told = [json.loads(each) for each in said.splitlines() if "pool connection floor" in each]
    assert [set(each) & {"request_id", "tenant"} for each in told] == [set()] * len(told)
