"""Signing in with GitHub: from the sign-in page over the provider and back to a session.

RFC 6749 section 4.1 with RFC 7636; RFC 9700 sections 4.4 and 4.7.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest

from authgate import provisioning
from authgate.accounts.connection_setup import (
    BadConnectionSlug,
    ConnectionChange,
    ConnectionSetup,
)
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.plugin_api import ConnectorConfigError
from authgate.plugin_manager import ConnectorTypes, NoConnector, load
from authgate.settings import EgressSettings, Settings
from authgate.storage.audit import audit_events
from authgate.storage.people import users
from authgate.storage.sign_in import external_identities
from authgate.storage.sign_in.connections import ConnectionExists, ConnectionRow
from authgate.tokens.authentication import Authentication, acr_of, connection_of
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_tenants.models import TenantRow
from authgate_testing.authenticator import Authenticator, recovery_codes
from authgate_testing.databases import on_sqlite
from authgate_testing.person import forms
from authgate_testing.server import RunningServer
from authgate_testing.terminal import Terminal


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    """The server may reach this machine, where the pretend GitHub is."""
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


async def tenant_with(server: RunningServer, slug: str, **chosen: Any) -> Tenant:
    """A tenant that takes whoever comes from GitHub."""
    settings = TenantSettings(enabled_plugins=("github",), auto_register=True).changed(chosen)
    return await provisioning.add_tenant(
        server.parts, slug=slug, name=slug.title(), settings=settings
    )


@pytest.fixture
def connections(server: RunningServer) -> ConnectionSetup:
    return ConnectionSetup(connectors=ConnectorTypes(load()), encryption=server.parts.encryption)


@pytest.fixture
def config(github: Any) -> dict[str, object]:
    """What connects a tenant to the pretend GitHub."""
    return {
        "client_id": github.client_id,
        "client_secret": github.client_secret,
        "host": github.host,
    }


Connect = Callable[..., Awaitable[Tenant]]


@pytest.fixture
def connect(
    server: RunningServer, connections: ConnectionSetup, config: dict[str, object]
) -> Connect:
    """Makes a tenant that is connected to the pretend GitHub."""

    async def made(slug: str, name: str = "github", **chosen: Any) -> Tenant:
        tenant = await tenant_with(server, slug, **chosen)
        with use_tenant(tenant):
            await connections.add(slug=name, connector="github", config=config)
        return tenant

    return made


@pytest.fixture
async def acme(connect: Connect) -> Tenant:
    return await connect("acme")


class Browser:
    """Somebody's browser, which remembers cookies."""

    def __init__(self, server: RunningServer, tenant: Tenant) -> None:
        self.http = server.browser()
        self.issuer = tenant.issuer

    async def begin(self, connection: str = "github", **query: str) -> str:
        """Choose the connection: where the browser is sent."""
        answer = await self.http.get(f"{self.issuer}/login/{connection}", params=query)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def come_back(self, query: dict[str, str], connection: str = "github") -> Any:
        """Follow the provider's redirect."""
        return await self.http.get(f"{self.issuer}/login/{connection}/callback", params=query)

    async def sign_in(self, github: Any, **query: str) -> httpx2.Response:
        """The whole round trip."""
        back = await self.come_back(github.approve(await self.begin(**query)))
        assert isinstance(back, httpx2.Response)
        return back

    async def who(self) -> str | None:
        """Who is signed in, as the account page says."""
        page = await self.http.get(f"{self.issuer}/account/sessions")
        found = re.search(r"octocat[\w.-]*|hubot[\w.-]*", page.text)
        return found[0] if page.status_code == 200 and found else None


@pytest.fixture
def browser(server: RunningServer, acme: Tenant) -> Browser:
    return Browser(server, acme)


def detail(page: httpx2.Response) -> str:
    """The text of an error page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


async def events(tenant: Tenant) -> list[tuple[str, bool]]:
    with use_tenant(tenant):
        found = await audit_events.latest(limit=50)
    return [(each.event_type, each.success) for each in found]


@pytest.fixture
def through_github_only(install: Any) -> None:
    """A policy of whoever wants it so."""
    install("through-github", THROUGH_GITHUB)


THROUGH_GITHUB = """
    from authgate.plugin_api import Allow, Deny, hookimpl

    plugin_api_version = "1.1"

    @hookimpl
    def login_policy(request):
        return Allow() if request.connection == "github" else Deny("Come from GitHub.")
"""


@on_sqlite
@pytest.mark.usefixtures("through_github_only")
async def test_what_a_connection_is_called_is_no_factor_and_it_is_known_after_the_second(
    server: RunningServer,
    connections: ConnectionSetup,
    config: dict[str, object],
    github: Any,
) -> None:
    plugins = ("github", "through-github")
    tenant = await tenant_with(server, "acme", second_factor="required", enabled_plugins=plugins)
    with use_tenant(tenant):
        await connections.add(slug="github", connector="github", config=config, label="mfa")
    browser = Browser(server, tenant)
    asked = await browser.sign_in(github)
    assert asked.headers["location"] == "/t/acme/second-factor"
    page = await browser.http.get(f"{tenant.issuer}/second-factor", follow_redirects=True)
    app = Authenticator.scanned(server, page.text)
    [form] = [each for each in forms(page.text) if "enrolment" in each.hidden]
    chosen = {**form.hidden, "code": app.code}
    done = await browser.http.post(f"{tenant.issuer}/second-factor/set-up", data=chosen)
    assert len(recovery_codes(done.text)) == 10
    there = await browser.http.get(f"{tenant.issuer}/account/sessions")
    assert there.status_code == 200
    assert "mfa" in there.text, "and yet people are told of it"
    with use_tenant(tenant):
        log = await audit_events.latest(limit=50)
        [entry] = [
            each
            for each in log
            if each.event_type in (Event.AUTHENTICATION_SUCCESS, Event.OAUTH_AUTHENTICATION)
        ]
    [half] = [each for each in log if each.event_type == Event.SECOND_FACTOR_ASKED]
    assert entry.details == {"method": "totp", "connection": "github"}, "a half one is no success"
    assert half.details == {"method": "federated", "connection": "github"}
    assert half.actor_id == entry.actor_id


def test_what_a_session_from_before_says_of_its_connection_is_no_factor_either() -> None:
    for label in ("mfa", "pwd", "otp", "hwk"):
        assert acr_of(["federated", label]) == "1"
        told = Authentication.of_session(utc_now(), ["federated", label], UUID(int=1))
        assert told.amr == ("fed",), label
        assert connection_of(["federated", label]) == label


async def test_a_person_signs_in_with_github(browser: Browser, github: Any, acme: Tenant) -> None:
    page = await browser.http.get(f"{acme.issuer}/login")
    [link] = re.findall(r'href="([^"]*/login/github[^"]*)"', page.text)
    assert urlsplit(unescape(link)).path == "/t/acme/login/github"
    done = await browser.sign_in(github)
    assert (done.status_code, done.headers["location"]) == (303, "/t/acme/account/sessions")
    assert await browser.who() == "octocat"
    with use_tenant(acme):
        user = await users.find_by_login("octocat")
    assert user is not None
    assert (user.email, user.email_verified, user.name) == (
        "octocat@example.com",
        True,
        "The Octocat",
    )
    assert user.password_hash is None
    written = [name for name, _ in await events(acme)]
    assert {"USER_CREATED", "OAUTH_AUTHENTICATION"} <= set(written)


async def test_who_comes_back_is_the_same_user_whatever_they_are_called_now(
    browser: Browser, github: Any, server: RunningServer, acme: Tenant
) -> None:
    await browser.sign_in(github)
    github.user["login"] = "hubot"
    github.emails = []
    again = Browser(server, acme)
    await again.sign_in(github)
    assert await again.who() == "octocat"
    with use_tenant(acme):
        assert len(await users.all_users()) == 1


async def test_the_browser_is_brought_back_to_where_it_wanted_to_go(
    browser: Browser, github: Any
) -> None:
    done = await browser.sign_in(github, return_to="/t/acme/device?user_code=WDJB-MJHT")
    assert done.headers["location"] == "/t/acme/device?user_code=WDJB-MJHT"


async def test_the_browser_is_never_brought_to_a_foreign_place(
    browser: Browser, github: Any
) -> None:
    for target in ("https://evil.example/", "//evil.example", "/t/globex/x", "/t/acme/\\evil"):
        done = await browser.sign_in(github, return_to=target)
        assert done.headers["location"] == "/t/acme/account/sessions"


async def test_mx_15_a_sign_in_that_another_browser_began_is_refused(
    browser: Browser, github: Any, server: RunningServer, acme: Tenant
) -> None:
    """The attacker begins; the victim, lured to GitHub, comes back with the attacker's state."""
    victim = Browser(server, acme)
    answer = await victim.come_back(github.approve(await browser.begin()))
    assert answer.status_code == 400
    assert "begun in another browser" in detail(answer)
    assert await victim.who() is None
    assert ("OAUTH_AUTHENTICATION", False) in await events(acme)
    assert len(github.codes) == 1  # the code was not even looked at


async def test_mx_15_another_state_than_this_browsers_is_refused(
    browser: Browser, github: Any
) -> None:
    for state in ({"state": "forged"}, {"state": ""}, {"state": "ü"}, {}):
        query = github.approve(await browser.begin())
        answer = await browser.come_back({"code": query["code"]} | state)
        assert answer.status_code == 400
        assert await browser.who() is None


async def test_a_repeated_state_is_no_state(browser: Browser, github: Any) -> None:
    query = github.approve(await browser.begin())
    url = f"{browser.issuer}/login/github/callback?code={query['code']}"
    answer = await browser.http.get(f"{url}&state={query['state']}&state={query['state']}")
    assert answer.status_code == 400


async def test_lg_19_a_state_of_another_tenant_is_refused(
    browser: Browser, github: Any, connect: Connect, server: RunningServer
) -> None:
    globex = await connect("globex")
    query = github.approve(await browser.begin())
    other = Browser(server, globex)
    other.http.cookies.set(
        "authgate_login", browser.http.cookies["authgate_login"], domain="localhost"
    )
    answer = await other.come_back(query)
    assert answer.status_code == 400
    assert await other.who() is None


async def test_an_answer_at_another_connections_callback_is_refused(
    browser: Browser, github: Any, connections: ConnectionSetup, acme: Tenant
) -> None:
    """Each provider has a redirect URI of its own: none can answer for another."""
    config = {"client_id": "x", "client_secret": "y"}
    with use_tenant(acme):
        await connections.add(slug="other", connector="github", config=config)
    query = github.approve(await browser.begin())
    assert (await browser.come_back(query, connection="other")).status_code == 400


async def test_a_sign_in_works_once(browser: Browser, github: Any, server: RunningServer) -> None:
    query = github.approve(await browser.begin())
    assert (await browser.come_back(query)).status_code == 303
    assert (await browser.come_back(query)).status_code == 400


async def test_a_sign_in_that_took_too_long_is_refused(
    browser: Browser, github: Any, server: RunningServer
) -> None:
    query = github.approve(await browser.begin())
    server.clock.advance(601)
    assert (await browser.come_back(query)).status_code == 400


async def test_a_session_from_before_the_sign_in_is_not_adopted(
    browser: Browser, github: Any
) -> None:
    await browser.sign_in(github)
    before = browser.http.cookies["authgate_session"]
    await browser.sign_in(github)
    assert browser.http.cookies["authgate_session"] != before


async def test_lg_17_an_address_that_somebody_has_here_links_nothing(
    browser: Browser, github: Any, acme: Tenant
) -> None:
    with use_tenant(acme):
        await users.create(username="mira", email="OctoCat@example.com", email_verified=True)
    answer = await browser.sign_in(github)
    assert answer.status_code == 409
    assert "Sign in the way you always do" in detail(answer)
    assert await browser.who() is None
    with use_tenant(acme):
        assert [each.username for each in await users.all_users()] == ["mira"]


async def test_lg_17_an_address_that_github_has_not_checked_is_not_kept(
    browser: Browser, github: Any, acme: Tenant
) -> None:
    github.emails = [{"email": "mira@acme.example", "primary": True, "verified": False}]
    await browser.sign_in(github)
    with use_tenant(acme):
        [user] = await users.all_users()
        assert await users.find_by_login("mira@acme.example") is None
    assert (user.email, user.email_verified) == (None, False)


async def test_lg_18_the_same_subject_in_two_tenants_is_two_people(
    browser: Browser, github: Any, connect: Connect, server: RunningServer, acme: Tenant
) -> None:
    globex = await connect("globex", auto_register=False)
    await browser.sign_in(github)
    answer = await Browser(server, globex).sign_in(github)
    assert answer.status_code == 403
    with use_tenant(globex):
        assert not await users.all_users()


async def test_lg_18_the_same_subject_at_two_connections_is_two_people(
    browser: Browser,
    github: Any,
    acme: Tenant,
    connections: ConnectionSetup,
    config: dict[str, object],
    server: RunningServer,
) -> None:
    with use_tenant(acme):
        await connections.add(slug="other", connector="github", config=config)
    await browser.sign_in(github)
    github.emails = []
    other = Browser(server, acme)
    query = github.approve(await other.begin("other"))
    assert (await other.come_back(query, connection="other")).status_code == 303
    assert await other.who() == "octocat-other"


async def test_a_tenant_that_takes_nobody_new_says_so(
    connect: Connect, github: Any, server: RunningServer
) -> None:
    closed = await connect("closed", auto_register=False)
    answer = await Browser(server, closed).sign_in(github)
    assert answer.status_code == 403
    assert "Ask an administrator to add you" in detail(answer)
    with use_tenant(closed):
        assert not await users.all_users()
    assert ("OAUTH_AUTHENTICATION", False) in await events(closed)


async def test_a_tenant_takes_only_people_with_addresses_that_it_names(
    connect: Connect, github: Any, server: RunningServer
) -> None:
    picky = await connect("picky", auto_register_domains=("example.org",))
    refused = await Browser(server, picky).sign_in(github)
    assert refused.status_code == 403
    assert "takes nobody new with the address" in detail(refused)
    own = github.emails[0]["email"].rpartition("@")[2]
    open_ = await connect("open", auto_register_domains=("example.org", own.upper()))
    assert (await Browser(server, open_).sign_in(github)).status_code == 303
    github.emails = []
    assert (await Browser(server, picky).sign_in(github)).status_code == 403


async def test_a_disabled_person_stays_outside(
    browser: Browser, github: Any, acme: Tenant, server: RunningServer
) -> None:
    await browser.sign_in(github)
    with use_tenant(acme):
        [user] = await users.all_users()
        await users.set_status(user.id, UserStatus.DISABLED)
    again = Browser(server, acme)
    answer = await again.sign_in(github)
    assert answer.status_code == 403
    assert await again.who() is None


async def test_a_new_person_gets_a_name_that_nobody_has(
    github: Any, acme: Tenant, server: RunningServer
) -> None:
    with use_tenant(acme):
        await users.create(username="octocat")
    github.emails = []
    expected = {
        "octocat": "octocat-github",
        "octocat@example.com": r"octocat-[0-9a-f]{8}",
        "Octo Cat": "octo-cat",
        "../../": "user",
        "猫": "user-github",
    }
    named = {"octocat"}
    for number, (login, username) in enumerate(expected.items()):
        github.user = {"id": number, "login": login}
        assert (await Browser(server, acme).sign_in(github)).status_code == 303
        with use_tenant(acme):
            [new] = {each.username for each in await users.all_users()} - named
        assert re.fullmatch(username, new)
        named.add(new)


async def test_two_first_sign_ins_at_once_make_one_person(
    github: Any, acme: Tenant, server: RunningServer
) -> None:
    browsers = [Browser(server, acme) for _ in range(4)]
    queries = [github.approve(await each.begin()) for each in browsers]
    answers = await asyncio.gather(
        *(each.come_back(query) for each, query in zip(browsers, queries, strict=True))
    )
    assert {answer.status_code for answer in answers} == {303}
    with use_tenant(acme):
        assert [each.username for each in await users.all_users()] == ["octocat"]


async def test_who_declines_at_github_reads_so(browser: Browser, github: Any) -> None:
    state = parse_qs(urlsplit(await browser.begin()).query)["state"][0]
    answer = await browser.come_back({"error": "access_denied", "state": state})
    assert answer.status_code == 400
    assert "GitHub did not confirm who you are" in detail(answer)
    assert 'href="/t/acme/login?return_to=/t/acme/account/sessions"' in answer.text


async def test_a_code_that_github_does_not_know_signs_nobody_in(
    browser: Browser, github: Any
) -> None:
    query = github.approve(await browser.begin())
    answer = await browser.come_back({**query, "code": "guessed"})
    assert answer.status_code == 400
    assert "did not accept" in detail(answer)


async def test_a_github_that_is_down_is_a_page_and_leaves_passwords_alone(
    browser: Browser, github: Any, acme: Tenant
) -> None:
    query = github.approve(await browser.begin())
    github.down = True
    answer = await browser.come_back(query)
    assert answer.status_code == 503
    assert "cannot be reached" in detail(answer)
    assert (await browser.http.get(f"{acme.issuer}/login")).status_code == 200
    assert ("OAUTH_AUTHENTICATION", False) in await events(acme)


async def test_pl_10_a_connection_whose_plugin_is_not_enabled_is_not_there(
    browser: Browser, acme: Tenant, server: RunningServer
) -> None:
    with use_tenant(acme):
        await TenantRow.filter(id=acme.id).update(settings={})
    await server.parts.tenants.invalidate((None, "slug", "acme"))
    page = await browser.http.get(f"{acme.issuer}/login")
    assert "GitHub" not in page.text
    assert (await browser.http.get(f"{acme.issuer}/login/github")).status_code == 404
    assert (await browser.http.get(f"{acme.issuer}/login/github/callback")).status_code == 404


async def test_another_tenants_connection_is_not_there(
    acme: Tenant, server: RunningServer, host: Any
) -> None:
    globex = await tenant_with(server, "globex")
    other = Browser(server, globex)
    assert (await other.http.get(f"{globex.issuer}/login/github")).status_code == 404
    assert "GitHub" not in (await other.http.get(f"{globex.issuer}/login")).text


async def test_the_secret_is_sealed_and_the_cookie_tells_nothing(
    browser: Browser, github: Any, acme: Tenant
) -> None:
    with use_tenant(acme):
        row = await ConnectionRow.get(slug="github")
    assert github.client_secret not in str(row.config)
    assert github.client_secret.encode() not in bytes(row.sealed_secrets)
    url = await browser.begin()
    cookie = browser.http.cookies["authgate_login"]
    assert parse_qs(urlsplit(url).query)["state"][0] not in cookie


async def test_the_cookie_is_for_this_tenant_and_out_of_scripts_reach(browser: Browser) -> None:
    answer = await browser.http.get(f"{browser.issuer}/login/github")
    [cookie] = [
        each for each in answer.headers.get_list("set-cookie") if each.startswith("authgate_login=")
    ]
    assert {"HttpOnly", "Path=/t/acme", "SameSite=Lax", "Max-Age=600"} <= set(cookie.split("; "))


@pytest.mark.usefixtures("limits_stand_still")
async def test_callbacks_from_one_address_are_limited(
    browser: Browser, github: Any, server: RunningServer
) -> None:
    """Whoever keeps their cookie could have us ask GitHub about one guessed code after another."""
    query = github.approve(await browser.begin()) | {"code": "guessed"}
    kept = {"cookie": f"authgate_login={browser.http.cookies['authgate_login']}"}
    url = f"{browser.issuer}/login/github/callback"
    answers = [await server.browser().get(url, params=query, headers=kept) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 2


@pytest.mark.usefixtures("limits_stand_still")
async def test_so_are_callbacks_that_nobody_began_and_what_is_written_of_them(
    browser: Browser, acme: Tenant
) -> None:
    answers = [await browser.come_back({"code": "x", "state": "y"}) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 2
    assert (await events(acme)).count(("OAUTH_AUTHENTICATION", False)) == 10


async def test_a_connection_that_could_not_work_is_not_stored(
    connections: ConnectionSetup, acme: Tenant
) -> None:
    wanted: dict[str, Any] = {
        "slug": "second",
        "connector": "github",
        "config": {"client_id": "a", "client_secret": "b"},
    }
    refusals: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"slug": "Git Hub"}, BadConnectionSlug),
        ({"slug": "a" * 41}, BadConnectionSlug),
        ({"slug": "github"}, ConnectionExists),
        ({"connector": "gitlab"}, NoConnector),
        ({"config": {"client_id": "a"}}, ConnectorConfigError),
    ]
    with use_tenant(acme):
        for changed, refusal in refusals:
            with pytest.raises(refusal):
                await connections.add(**wanted | changed)


async def test_no_token_of_the_provider_is_kept(
    browser: Browser, github: Any, acme: Tenant
) -> None:
    await browser.sign_in(github)
    with use_tenant(acme):
        [row] = await external_identities.ExternalIdentityRow.all().values()
    assert "gho_1" not in str(row)
    assert (row["issuer"], row["subject"]) == (f"https://{github.host}", "583231")


async def test_a_connection_made_by_a_command_is_offered_and_signs_in(
    server: RunningServer, github: Any
) -> None:
    tenant = await tenant_with(server, "acme")
    browser = Browser(server, tenant)
    assert "/login/hub" not in (await browser.http.get(f"{tenant.issuer}/login")).text
    terminal = Terminal(server.parts.settings)
    words = ("--connector", "github", "--set", f"client_id={github.client_id}")
    ended = await terminal(
        *("connection", "create", "hub", "-t", "acme", "--set", f"host={github.host}", *words),
        stdin=f"{github.client_secret}\n",
    )
    assert ended.code == 0, ended.err
    assert f"{tenant.issuer}/login/hub/callback" in ended.out
    assert "/login/hub" in (await browser.http.get(f"{tenant.issuer}/login")).text
    back = await browser.come_back(github.approve(await browser.begin("hub")), connection="hub")
    assert back.status_code == 303
    assert await browser.who() == "octocat"


async def test_who_is_half_way_in_when_a_connection_is_disabled_stays_outside(
    browser: Browser, github: Any, acme: Tenant, connections: ConnectionSetup
) -> None:
    back = github.approve(await browser.begin())
    with use_tenant(acme):
        await connections.change("github", ConnectionChange(enabled=False))
    assert (await browser.come_back(back)).status_code == 404
    assert await browser.who() is None
    assert "/login/github" not in (await browser.http.get(f"{acme.issuer}/login")).text
    with use_tenant(acme):
        await connections.change("github", ConnectionChange(enabled=True))
    await browser.sign_in(github)
    assert await browser.who() == "octocat"


async def test_a_deleted_connection_knows_nobody_when_its_name_is_used_again(
    browser: Browser,
    github: Any,
    acme: Tenant,
    connections: ConnectionSetup,
    config: dict[str, object],
    server: RunningServer,
) -> None:
    await browser.sign_in(github)
    with use_tenant(acme):
        await connections.remove("github")
        assert not await external_identities.ExternalIdentityRow.all().count()
        assert len(await users.all_users()) == 1
        await connections.add(slug="github", connector="github", config=config)
    github.emails = []
    again = Browser(server, acme)
    await again.sign_in(github)
    assert await again.who() == "octocat-github", "somebody new, and not who was known before"


async def test_another_tenants_connections_stay_when_one_of_the_same_name_goes(
    connect: Connect, github: Any, connections: ConnectionSetup, server: RunningServer
) -> None:
    acme, globex = await connect("acme"), await connect("globex")
    await Browser(server, globex).sign_in(github)
    with use_tenant(acme):
        await connections.remove("github")
    again = Browser(server, globex)
    await again.sign_in(github)
    assert await again.who() == "octocat"
