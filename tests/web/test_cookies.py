"""Every cookie, wherever a tenant lives (RFC 6265bis)."""

from pathlib import Path

import httpx2
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

PASSWORD = "correct-horse-battery-staple"
WHERE = {
    "http, path": {"base_url": "http://localhost:8080"},
    "http, root": {"base_url": "http://localhost:8080", "default_tenant": "acme"},
    "https, path": {"base_url": "https://id.test"},
    "https, root": {"base_url": "https://id.test", "default_tenant": "acme"},
    "https, host": {"base_url": "https://id.test", "base_domain": "id.test"},
}


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    """With addresses of the test's choice, by an indirect parameter."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        log_level="info",
        **WHERE[request.param],  # type: ignore[arg-type]
    )


def wherever(*places: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settings", places or list(WHERE), indirect=True)


async def sign_in(server: RunningServer, tenant: Tenant) -> tuple[Person, list[str]]:
    """Alice, and every cookie that was set on her way in and out again."""
    person = Person(server.browser())
    cookies: list[str] = []

    async def noted(response: httpx2.Response) -> None:
        cookies.extend(response.headers.get_list("set-cookie"))

    person.http.event_hooks["response"].append(noted)
    page = await person.sign_in(tenant.issuer, "alice", PASSWORD)
    assert page.url.path.endswith("/account/sessions")
    return person, cookies


@wherever()
async def test_wb_13_every_cookie_is_bound_to_its_tenant_and_kept_from_scripts(
    server: RunningServer, settings: Settings, acme: Tenant, alice: User
) -> None:
    person, cookies = await sign_in(server, acme)
    await person.submit({}, to="/logout")
    assert len(cookies) >= 5
    is_https = settings.base_url.startswith("https:")
    for cookie in cookies:
        name, *rest = (part.strip() for part in cookie.split(";"))
        attributes = {part.lower() for part in rest}
        assert {"httponly", "samesite=lax"} <= attributes
        assert ("secure" in attributes) == is_https
        assert not any(each.startswith("domain") for each in attributes)
        assert f"path={acme.prefix or '/'}" in attributes
        prefix = "__Host-" if not acme.prefix else "__Secure-"
        assert name.startswith(prefix) == is_https


@wherever("https, path", "https, host")
async def test_hsts_is_said_over_https(server: RunningServer, acme: Tenant) -> None:
    for path in ("/login", "/.well-known/jwks.json", "/nothing"):
        answer = await server.http.get(f"{acme.issuer}{path}")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


@wherever("http, root", "https, root")
async def test_wb_10_a_tenant_at_the_root_and_one_below_it_do_not_mix_up_their_cookies(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User
) -> None:
    # The browser sends the root's cookies to every path of the host.
    person, _ = await sign_in(server, acme)
    page = await person.visit(f"{globex.issuer}/account/sessions")
    assert page.url.path == "/t/globex/login"
    assert "Sign in to <bdi>Globex</bdi>" in page.text
    page = await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    assert page.status_code == 400, "its own form is taken, and nobody of that name is there"
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path == "/account/sessions"


@wherever("https, host")
async def test_wb_10_a_cookie_planted_by_a_neighbour_host_is_not_read(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    # A neighbour can set cookies for the whole domain, but none with the prefix.
    person, _ = await sign_in(server, acme)
    key = person.http.cookies["__Host-authgate_session"]
    for planted in (f"authgate_session={key}", f"__Secure-authgate_session={key}"):
        answer = await server.http.get(
            f"{acme.issuer}/account/sessions", headers={"Cookie": planted}
        )
        assert answer.status_code == 303


@wherever("https, host")
async def test_ti_05_a_host_of_one_tenant_serves_no_path_of_another(
    server: RunningServer, acme: Tenant, globex: Tenant, device_client: NewClient
) -> None:
    with use_tenant(globex):
        await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Globex",
                client_id=device_client.client.client_id,
                grant_types=list(device_client.client.grant_types),
                scopes=["openid"],
                public=True,
            ),
        )
    form = {"client_id": device_client.client.client_id}
    for path in ("/t/globex/oauth/device/code", "/t/acme/oauth/device/code"):
        answer = await server.http.post(f"{acme.issuer}{path}", data=form)
        assert answer.status_code == 404
    shown = (await server.http.post(f"{globex.issuer}/oauth/device/code", data=form)).json()
    assert shown["verification_uri"] == "https://globex.id.test/device"


@wherever("https, path")
async def test_wb_14_two_hundred_cookies_of_others_are_no_burden(
    server: RunningServer, acme: Tenant
) -> None:
    many = "; ".join(f"junk{number}={'x' * 60}" for number in range(200))
    answer = await server.http.get(f"{acme.issuer}/login", headers={"Cookie": many})
    assert answer.status_code == 200
