"""Cookies that somebody else has planted: too many are refused at the door, many are no burden."""

from pathlib import Path

import httpx2
import pytest

from authgate.settings import DatabaseSettings
from authgate_testing.live import PASSWORD, live
from authgate_testing.person import Person

COOKIES = 200


def planted(size: int) -> str:
    """So many cookies of a neighbour host, of so many bytes together."""
    value = "x" * (size // COOKIES - len("junk000=; "))
    return "; ".join(f"junk{number:03}={value}" for number in range(COOKIES))


@pytest.mark.parametrize("kind", ["hypercorn", "uvicorn"])
async def test_wb_14_a_cookie_bomb_is_refused_and_with_what_is_left_of_it_a_person_signs_in(
    sqlite_settings: DatabaseSettings, tmp_path: Path, kind: str
) -> None:
    async with live(sqlite_settings, tmp_path, SERVER__KIND=kind) as site:
        bomb, rest = planted(64 * 1024), planted(12 * 1024)
        login = f"{site.issuer}/login"
        for _ in range(10):
            async with httpx2.AsyncClient() as http:
                refused = await http.get(login, headers={"Cookie": bomb})
            assert refused.status_code == 431
            assert "set-cookie" not in refused.headers
            assert refused.headers["clear-site-data"] == '"cookies"'
        for other in (
            {"Cookie": planted(10 * 1024), "X-Junk": "x" * 16_384},
            {"X-Junk": "x" * 65_536},
        ):
            async with httpx2.AsyncClient() as http:
                refused = await http.get(login, headers=other)
            assert refused.status_code == 431
            assert "clear-site-data" not in refused.headers, "it is not for its cookies"
        async with httpx2.AsyncClient() as http:
            for each in rest.split("; "):
                name, _, value = each.partition("=")
                http.cookies.set(name, value, domain="localhost.local", path="/")
            person = Person(http)
            home = await person.sign_in(site.issuer, "mira.halvorsen", PASSWORD)
            assert home.url.path.endswith("/account/sessions"), home.text
            assert len(home.request.headers["cookie"]) > 12_000
            out = await person.submit({}, to="/logout")
            assert out.url.path.endswith("/login")
