"""People sign in, and stay signed in, at moments at which calendars and clocks do odd things."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import jwt
import pytest

from authgate.clock import utc_now
from authgate_tenants import Tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

_WITH_SUMMER_TIME = "CET-1CEST,M3.5.0,M10.5.0/3"


@pytest.fixture(autouse=True)
def local_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine is at a place where clocks are put forward and back."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", _WITH_SUMMER_TIME)
        time.tzset()
        yield
    time.tzset()


def _shortly_before(server: RunningServer, moment: datetime) -> None:
    server.clock.advance((moment - utc_now()).total_seconds() - 1)


async def _works(application: Application, token: str) -> httpx2.Response:
    return await application.http.get(
        f"{application.tenant.issuer}/oauth/tokeninfo", headers={"Authorization": f"Bearer {token}"}
    )


@on_sqlite
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime(2031, 6, 15, tzinfo=UTC), id="midnight"),
        pytest.param(datetime(2031, 3, 30, 1, tzinfo=UTC), id="summer_time_begins"),
        pytest.param(datetime(2031, 10, 26, 1, tzinfo=UTC), id="summer_time_ends"),
        pytest.param(datetime(2032, 2, 29, tzinfo=UTC), id="29_february"),
        pytest.param(datetime(2032, 3, 1, tzinfo=UTC), id="1_march_of_a_leap_year"),
        pytest.param(datetime(2033, 1, 1, tzinfo=UTC), id="new_year"),
    ],
)
async def test_an_hour_is_an_hour_across_any_moment(
    server: RunningServer, console: Application, person: Person, acme: Tenant, moment: datetime
) -> None:
    _shortly_before(server, moment)
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    before = await console.signed_in(person, scope="openid offline_access read")
    said = jwt.decode(before["id_token"], options={"verify_signature": False})
    assert -2 <= said["auth_time"] - moment.timestamp() <= 60
    page = await person.visit(f"{acme.issuer}/account/sessions")
    signed_in = datetime.fromtimestamp(said["auth_time"], UTC)
    assert f"{signed_in.day} {signed_in:%b %Y, %H:%M} UTC" in page.text
    lifetime = int(before["expires_in"])

    server.clock.advance(lifetime - 60)
    told = await _works(console, before["access_token"])
    assert told.status_code == 200
    after = (await console.refresh(before["refresh_token"])).json()
    assert int(after["expires_in"]) == lifetime
    server.clock.advance(120)
    assert (await _works(console, before["access_token"])).status_code == 401
    assert (await _works(console, after["access_token"])).status_code == 200
