"""Journeys that nobody can make, and sign-ins that are used in two countries (RFC 9700 section
4.14), where there is a file of places."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from authgate import audit
from authgate.alerts.looking import Lookout
from authgate.audit import Event
from authgate.sealing.sealer import Sealer
from authgate.storage.audit.alerts import AlertRow
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.places_file import write_places
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

Happen = Callable[..., Awaitable[None]]
Look = Callable[[Tenant], Awaitable[list[AlertRow]]]

ZURICH, LISBON, ZUG = "203.0.113.9", "198.51.100.9", "192.0.2.9"


def _place(country: str, north: float, east: float) -> dict[str, object]:
    return {
        "country": {"iso_code": country},
        "location": {"latitude": north, "longitude": east},
    }


@pytest.fixture
def look_at_map(server: RunningServer, tmp_path: Path) -> Look:
    """Seals what has happened, and looks at it with a file of places."""
    places = {
        "203.0.113.0/24": _place("CH", 47.37, 8.54),
        "192.0.2.0/24": _place("CH", 47.17, 8.52),
        "198.51.100.0/24": _place("PT", 38.72, -9.14),
    }
    file = write_places(tmp_path / "places.mmdb", places)
    settings = server.parts.settings.model_copy(update={"geoip_file": file})
    parts = replace(server.parts, settings=settings)

    async def looked(tenant: Tenant) -> list[AlertRow]:
        with use_tenant(tenant):
            while await Sealer(server.parts).seal():
                pass
            await Lookout(parts).look()
            return await AlertRow.all().order_by("at")

    return looked


async def test_two_places_are_told_that_are_farther_apart_than_anybody_travels(
    acme: Tenant, alice: User, carol: User, happen: Happen, look: Look, look_at_map: Look
) -> None:
    async def signs_in(who: User, ip: str, minutes: float) -> None:
        by = audit.user(who.id, who.username)
        await happen(acme, Event.AUTHENTICATION_SUCCESS, minutes, actor=by, ip=ip, success=True)

    # 1,720 kilometres in four hours, and 22 in a minute.
    await signs_in(alice, ZURICH, 600)
    await signs_in(alice, LISBON, 360)
    await signs_in(carol, ZURICH, 351)
    await signs_in(carol, ZUG, 350)
    assert await look_at_map(acme) == []
    await signs_in(alice, ZURICH, 300)
    [alert] = await look_at_map(acme)
    assert (alert.rule, alert.subject_id) == ("impossible-travel", str(alice.id))
    assert alert.details["countries"] == ["PT", "CH"]
    assert (alert.details["minutes"], alert.details["kilometres"] // 100) == (60, 17)
    # Without a file of places nothing is looked at, and nothing is left to be looked at.
    await signs_in(carol, LISBON, 0)
    assert len(await look(acme)) == 1
    assert len(await look_at_map(acme)) == 1


async def test_what_is_nowhere_in_between_hides_no_journey(
    acme: Tenant, alice: User, happen: Happen, look_at_map: Look
) -> None:
    by = audit.user(alice.id, alice.username)
    for ip, minutes in ((ZURICH, 30), ("10.0.0.1", 20), (LISBON, 10)):
        await happen(acme, Event.AUTHENTICATION_SUCCESS, minutes, actor=by, ip=ip, success=True)
    [alert] = await look_at_map(acme)
    assert alert.details["addresses"] == [ZURICH, LISBON]


async def test_rt_17_a_sign_in_that_is_used_in_two_countries_is_told(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    person: Person,
    console: Application,
    look_at_map: Look,
) -> None:
    issued = await console.signed_in(person, scope="openid offline_access read")
    token = issued["refresh_token"]
    for ip, told in ((ZURICH, 0), (ZUG, 0), (LISBON, 1)):
        async with server.from_address(ip) as http:
            answer = await replace(console, http=http).refresh(token)
        assert answer.status_code == 200, answer.text
        token = answer.json()["refresh_token"]
        assert len(await look_at_map(acme)) == told, ip
    [alert] = await look_at_map(acme)
    assert (alert.rule, alert.subject_id) == ("token-in-two-countries", str(alice.id))
    assert alert.details["addresses"] == [ZUG, LISBON]
    assert alert.details["client_id"] == "console"
    # Whoever has the former one has stolen it: the family ends, and that is told as well.
    again = await console.refresh(issued["refresh_token"])
    assert again.status_code == 400
    reused = [each for each in await look_at_map(acme) if each.rule == "token-reused"]
    assert [each.subject_id for each in reused] == [str(alice.id)]
