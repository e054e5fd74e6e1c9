"""Which ``Origin`` a form may come from: the issuer's, scheme and all."""

from pathlib import Path

import pytest

from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import forms
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    """Tenants on paths, or on hosts where an indirect parameter says so."""
    return Settings(
        base_url="https://id.test",
        base_domain=getattr(request, "param", ""),
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        log_level="info",
    )


async def answered(server: RunningServer, tenant: Tenant, headers: dict[str, str]) -> int:
    """The status of a sign-in that is right but for the headers that come with it."""
    async with server.browser() as browser:
        page = await browser.get(f"{tenant.issuer}/login")
        fields = forms(page.text)[0].hidden | {"username": "alice", "password": PASSWORD}
        answer = await browser.post(f"{tenant.issuer}/login", data=fields, headers=headers)
        return answer.status_code


@on_sqlite
@pytest.mark.parametrize(
    ("settings", "own"),
    [("", "https://id.test"), ("id.test", "https://acme.id.test")],
    indirect=["settings"],
)
@pytest.mark.usefixtures("alice")
async def test_wb_03_a_form_comes_from_the_origin_of_the_issuer(
    server: RunningServer, acme: Tenant, own: str
) -> None:
    for headers in ({}, {"Origin": own}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}):
        assert await answered(server, acme, headers) == 303, headers
    insecure = own.replace("https:", "http:")
    for origin in (insecure, f"{own}:8443", "https://evil.test", "https://globex.id.test", ""):
        assert await answered(server, acme, {"Origin": origin}) == 403, origin
    elsewhere = {"Origin": own, "Sec-Fetch-Site": "same-site"}
    assert await answered(server, acme, elsewhere) == 403
