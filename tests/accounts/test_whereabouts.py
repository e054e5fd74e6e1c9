"""Where the sessions of a person are, by a file of places."""

import re
from datetime import timedelta
from pathlib import Path

import httpx2

from authgate import provisioning
from authgate.accounts.whereabouts import Whereabouts
from authgate.app import serving
from authgate.clock import utc_now
from authgate.settings import Settings
from authgate.storage.people import users
from authgate.storage.people.users import UserRow
from authgate_tenants import use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.places_file import write_places
from authgate_testing.server import BASE_URL


@on_sqlite
async def test_people_see_the_town_of_a_session_where_there_is_a_file_of_places(
    settings: Settings, tmp_path: Path, password_hash: str
) -> None:
    places = {
        "203.0.113.0/24": {
            "city": {"names": {"en": "Zurich"}},
            "country": {"names": {"en": "Switzerland", "zh-Hant": "瑞士"}},
        },
        "198.51.100.0/24": {"country": {"names": {"en": "Portugal"}}},
    }
    whereabouts = Whereabouts(write_places(tmp_path / "places.mmdb", places))
    assert whereabouts.of("203.0.113.9") == "Zurich, Switzerland"
    assert whereabouts.of("198.51.100.9") == "Portugal"
    for nowhere in ("192.0.2.1", "2001:db8::1", "", "nonsense"):
        assert whereabouts.of(nowhere) is None
    assert Whereabouts(None).of("203.0.113.9") is None
    with_places = settings.model_copy(update={"geoip_file": tmp_path / "places.mmdb"})
    async with serving(with_places, clock=utc_now) as (app, parts):
        acme = await provisioning.add_tenant(parts, slug="acme", name="Acme")
        with use_tenant(acme):
            alice = await users.create(
                username="alice", email="alice@acme.example", password_hash=password_hash
            )
            days_ago = utc_now() - timedelta(days=9)
            known_for_long = {"email_verified": True, "created_at": days_ago}
            await UserRow.filter(id=alice.id).update(**known_for_long)
        there = httpx2.ASGITransport(app, client=("203.0.113.9", 4711))
        async with httpx2.AsyncClient(transport=there, base_url=BASE_URL) as http:
            page = await Person(http).sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
            assert "Zurich, Switzerland" in page.text
            assert "New place" not in page.text
        elsewhere = httpx2.ASGITransport(app, client=("198.51.100.9", 4711))
        async with httpx2.AsyncClient(transport=elsewhere, base_url=BASE_URL) as http:
            page = await Person(http).sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
            assert re.search(r"New place.*?Portugal", page.text, re.DOTALL)
            assert page.text.count("New place") == 1
        async with httpx2.AsyncClient(transport=there, base_url=BASE_URL) as http:
            # Another browser in the same place, whose address is the same.
            await Person(http).sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
        here = httpx2.ASGITransport(app, client=("127.0.0.1", 4711))
        async with httpx2.AsyncClient(transport=here, base_url=BASE_URL) as http:
            mails = (await http.get(f"{acme.issuer}/mails")).text
        assert mails.count("You are signed in nowhere else there.") == 1
        assert "Portugal, 198.51.100.9" in mails
        assert mails.count("Zurich, Switzerland, 203.0.113.9") == 2
