"""One tenant at the root and others below it: what a browser keeps of each (ADR 0011)."""

from pathlib import Path

import pytest

from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.users import User
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    """Acme is at the root of an address of the test's choice."""
    return Settings(
        base_url=request.param,
        default_tenant="acme",
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        log_level="info",
    )


@on_sqlite
@pytest.mark.parametrize("settings", ["http://id.test", "https://id.test"], indirect=True)
async def test_one_browser_is_signed_in_at_the_root_and_below_it(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, bob: User
) -> None:
    browser = Person(server.browser())
    for tenant, user in ((acme, alice), (globex, bob)):
        page = await browser.sign_in(tenant.issuer, user.username, PASSWORD)
        assert str(page.url) == f"{tenant.issuer}/account/sessions", page.text
    page = await browser.visit(f"{acme.issuer}/account/sessions")
    assert str(page.url) == f"{acme.issuer}/account/sessions"


@on_sqlite
@pytest.mark.parametrize("settings", ["https://id.test"], indirect=True)
async def test_over_https_the_root_has_cookies_that_no_neighbour_can_plant(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    for tenant, prefix in ((acme, "__Host-"), (globex, "__Secure-")):
        page = await server.http.get(f"{tenant.issuer}/login")
        assert page.headers["set-cookie"].startswith(f"{prefix}authgate_presession=")
