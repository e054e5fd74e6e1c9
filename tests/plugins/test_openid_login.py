"""Signing in by a provider of OpenID Connect: who gets in, who they are here, and who does not.

RFC 9700 sections 4.4 and 4.7, OWASP ASVS 10.5.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.accounts.connection_fitness import UnfitRules
from authgate.accounts.connection_secrets import ConnectionSecrets
from authgate.accounts.connection_setup import ConnectionChange, ConnectionSetup
from authgate.accounts.passwords import Passwords
from authgate.permissions import UserRole
from authgate.plugin_api import ConnectorConfigError
from authgate.provisioning.plugin_settings import PluginChange, set_plugin
from authgate.settings import EgressSettings, Settings
from authgate.storage.audit import audit_events
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import group_members, users
from authgate.storage.people.groups import GroupDraft
from authgate.storage.people.users import User, UserRow
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.connection_rules import ConnectionRules, Newcomers, Provisioned
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_tenants.models import TenantDomain
from authgate_testing.application import Application, sent_on
from authgate_testing.authenticator import enrolled, show
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.pretend_host import Answer, Host
from authgate_testing.pretend_openid import PretendOpenId
from authgate_testing.server import RunningServer
from authgate_testing.tenants import choose

HOME = "/t/acme/account/sessions"
PASSWORD = "correct-horse-battery-staple"  # of people who exist in tests only


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    """The server may reach this machine, where the pretend provider is."""
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
def provider(host: Host) -> PretendOpenId:
    host.site = provider = PretendOpenId(host=host.name)
    return provider


@pytest.fixture
def setup(server: RunningServer) -> ConnectionSetup:
    parts = server.parts
    return ConnectionSetup(connectors=parts.plugins.connectors, encryption=parts.encryption)


@pytest.fixture
async def acme(server: RunningServer, setup: ConnectionSetup, provider: PretendOpenId) -> Tenant:
    """A tenant that is connected to it."""
    settings = TenantSettings(enabled_plugins=("oidc",), auto_register=True)
    tenant = await provisioning.add_tenant(
        server.parts, slug="acme", name="Acme", settings=settings
    )
    config = {
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
    }
    with use_tenant(tenant):
        await setup.add(slug="idp", connector="oidc", config=config, label="IdP")
    return tenant


class Visitor:
    """Somebody's browser, and the provider that they have an account at."""

    def __init__(self, server: RunningServer, tenant: Tenant, provider: PretendOpenId) -> None:
        self.person = Person(server.browser())
        self.http = self.person.http
        self.issuer = tenant.issuer
        self.provider = provider

    async def leave(self, path: str = "/login/idp", **query: str) -> str:
        answer = await self.http.get(f"{self.issuer}{path}", params=query)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def come_back(self, **query: str) -> httpx2.Response:
        url = f"{self.issuer}/login/idp/callback"
        return await self.http.get(url, params=query)

    async def round_trip(self, path: str = "/login/idp", **query: str) -> httpx2.Response:
        return await self.come_back(**self.provider.approve(await self.leave(path, **query)))

    async def is_signed_in(self) -> bool:
        return (await self.http.get(f"{self.issuer}/account/sessions")).status_code == 200


@pytest.fixture
def visitor(server: RunningServer, acme: Tenant, provider: PretendOpenId) -> Visitor:
    return Visitor(server, acme, provider)


@pytest.fixture
def another(server: RunningServer, acme: Tenant, provider: PretendOpenId) -> Visitor:
    return Visitor(server, acme, provider)


@pytest.fixture
async def alice(acme: Tenant, passwords: Passwords) -> User:
    with use_tenant(acme):
        return await provisioning.add_user(
            passwords, username="alice", password=PASSWORD, email="octocat@example.com"
        )


@pytest.fixture
async def application(server: RunningServer, acme: Tenant) -> Application:
    """One that people of the tenant sign in to."""
    callback = "https://console.example/callback"
    draft = ClientDraft(
        name="Console",
        client_id="console",
        grant_types=["authorization_code"],
        scopes=["openid", "profile", "email"],
        redirect_uris=[callback],
    )
    with use_tenant(acme):
        client = await provisioning.add_client(server.parts, draft)
    return Application(server.http, acme, client, callback)


async def ruled(setup: ConnectionSetup, tenant: Tenant, **rules: Any) -> None:
    with use_tenant(tenant):
        await setup.change("idp", ConnectionChange(rules=ConnectionRules(**rules)))


async def causes(tenant: Tenant) -> list[str]:
    with use_tenant(tenant):
        found = await audit_events.latest(limit=50)
    return [str(each.details["cause"]) for each in found if "cause" in each.details]


async def identities(tenant: Tenant) -> list[dict[str, Any]]:
    with use_tenant(tenant):
        return list(await external_identities.ExternalIdentityRow.all().values())


async def test_a_person_signs_in_and_is_known_by_issuer_and_subject(
    visitor: Visitor, another: Visitor, provider: PretendOpenId, acme: Tenant
) -> None:
    done = await visitor.round_trip()
    assert (done.status_code, done.headers["location"]) == (303, HOME)
    assert await visitor.is_signed_in()
    [row] = await identities(acme)
    assert (row["issuer"], row["subject"]) == (provider.issuer, "248289761001")
    assert "at-1" not in str(row)
    provider.claims |= {"email": "changed@example.com", "preferred_username": "renamed"}
    await another.round_trip()
    with use_tenant(acme):
        [user] = await users.all_users()
    assert (user.username, user.email) == ("octocat", "octocat@example.com")


@on_sqlite
async def test_what_does_not_fit_signs_nobody_in_and_the_audit_log_says_why(
    visitor: Visitor, provider: PretendOpenId, acme: Tenant, alice: User
) -> None:
    url = await visitor.leave()
    assert (await visitor.come_back(code="x", state="forged")).status_code == 400
    back = provider.approve(url)
    assert (await visitor.come_back(**back)).status_code == 400, "and it was used up by that"
    provider.changed["nonce"] = "of another sign-in"
    assert (await visitor.round_trip()).status_code == 400
    provider.changed = {"aud": "another-client"}
    answer = await visitor.round_trip()
    assert answer.status_code == 400
    assert "did not accept this sign-in" in answer.text
    provider.changed = {}
    assert (await visitor.round_trip()).status_code == 409, "the address is somebody's"
    provider.answers["/token"] = Answer(status=500)
    assert (await visitor.round_trip()).status_code == 503
    del provider.answers["/token"]
    provider.client_secret = "another"
    answer = await visitor.round_trip()
    assert (answer.status_code, "not set up properly" in answer.text) == (503, True)
    assert not await visitor.is_signed_in()
    assert await identities(acme) == []
    assert set(await causes(acme)) == {
        "not begun in this browser",
        "the ID token is made for another sign-in",
        "the ID token is for another audience",
        "AddressTaken",
        "raised",
        "misconfigured: client_id",
    }


@on_sqlite
async def test_somebody_who_was_disabled_stays_outside(
    visitor: Visitor, another: Visitor, acme: Tenant
) -> None:
    await visitor.round_trip()
    with use_tenant(acme):
        await UserRow.all().update(status=UserStatus.DISABLED)
    answer = await another.round_trip()
    assert (answer.status_code, "switched off" in answer.text) == (403, True)
    assert not await another.is_signed_in()


@on_sqlite
async def test_lg_17_an_address_links_nobody_to_an_account_that_is_there(
    visitor: Visitor, acme: Tenant, alice: User, setup: ConnectionSetup
) -> None:
    for newcomers in (Newcomers.WELCOME, Newcomers.REFUSED):
        await ruled(setup, acme, newcomers=newcomers)
        assert (await visitor.round_trip()).status_code in {403, 409}
    assert await identities(acme) == []


@on_sqlite
async def test_lg_18_19_a_subject_and_a_state_are_of_no_use_at_another_tenant(
    server: RunningServer, visitor: Visitor, provider: PretendOpenId, setup: ConnectionSetup
) -> None:
    await visitor.round_trip()
    settings = TenantSettings(enabled_plugins=("oidc",))
    globex = await provisioning.add_tenant(
        server.parts, slug="globex", name="Globex", settings=settings
    )
    config = {
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
    }
    with use_tenant(globex):
        await setup.add(slug="idp", connector="oidc", config=config)
    elsewhere = Visitor(server, globex, provider)
    assert (await elsewhere.round_trip()).status_code == 403
    # Nor is a sign-in that was begun at the one finished at the other.
    back = provider.approve(await visitor.leave())
    assert (await elsewhere.come_back(**back)).status_code == 400


# --- Whom a connection lets in --------------------------------------------------------------------


@on_sqlite
async def test_only_addresses_of_allowed_domains_sign_in_each_time(
    visitor: Visitor, provider: PretendOpenId, acme: Tenant, setup: ConnectionSetup
) -> None:
    await ruled(setup, acme, allowed_domains=("example.com",))
    assert (await visitor.round_trip()).status_code == 303
    for changed in ({"email": "o@sub.example.com"}, {"email_verified": False}, {"email": None}):
        provider.changed = changed
        assert (await visitor.round_trip()).status_code == 403
    assert (await causes(acme))[0] == "NotWelcome"


@on_sqlite
async def test_a_connection_takes_newcomers_as_it_is_told(
    visitor: Visitor, provider: PretendOpenId, acme: Tenant, setup: ConnectionSetup
) -> None:
    await ruled(setup, acme, newcomers=Newcomers.REFUSED)
    assert (await visitor.round_trip()).status_code == 403
    await ruled(setup, acme, newcomers=Newcomers.WELCOME)
    assert (await visitor.round_trip()).status_code == 303
    with use_tenant(acme):
        [user] = await users.all_users()
    assert user.role is UserRole.USER


@on_sqlite
async def test_whom_a_policy_turns_away_has_no_account_until_it_lets_them_in(
    server: RunningServer,
    visitor: Visitor,
    provider: PretendOpenId,
    acme: Tenant,
) -> None:
    await choose(server, acme, enabled_plugins=["oidc", "networks"])
    now = await server.parts.resolver.find("acme")
    assert now is not None
    for networks, status in (("192.0.2.0/24", 403), ("127.0.0.0/8", 303)):
        with use_tenant(now):
            elsewhere = PluginChange(config={"networks": [networks]})
            await set_plugin(server.parts, "networks", elsewhere)
        assert (await visitor.round_trip()).status_code == status
        with use_tenant(acme):
            assert len(await users.all_users()) == (status == 303)
        assert len(await identities(acme)) == (status == 303)


@on_sqlite
async def test_who_has_to_sign_in_again_does_so_at_the_provider_as_well(
    server: RunningServer, visitor: Visitor, provider: PretendOpenId, acme: Tenant
) -> None:
    first = await visitor.leave()
    assert "max_age" not in first
    assert "prompt" not in first
    provider.claims["auth_time"] = int(server.clock().timestamp()) - 3600
    assert (await visitor.come_back(**provider.approve(first))).status_code == 303
    again = await visitor.leave()
    assert "max_age=0&prompt=login" in again
    silent = await visitor.come_back(**provider.approve(again))
    assert (silent.status_code, "Sign out there first" in silent.text) == (403, True)
    assert (await causes(acme))[0] == "signed in at the provider too long ago"
    for auth_time in (int(server.clock().timestamp()), None, "rubbish"):
        provider.claims["auth_time"] = auth_time
        assert (await visitor.round_trip()).status_code == 303


@on_sqlite
async def test_an_application_that_asks_for_a_new_sign_in_gets_none_that_the_provider_remembers(
    server: RunningServer, visitor: Visitor, provider: PretendOpenId, application: Application
) -> None:
    for asked, wanted in (
        ({"prompt": "login"}, "max_age=0&prompt=login"),
        ({"max_age": "300"}, "max_age=300"),
    ):
        at = await visitor.http.get(application.ask(**asked).url)
        left = await visitor.leave(return_to=urlsplit(str(at.headers["location"])).path)
        assert left.endswith(wanted), left
        provider.claims["auth_time"] = int(server.clock().timestamp()) - 400
        assert (await visitor.come_back(**provider.approve(left))).status_code == 403


async def auth_time(application: Application, visitor: Visitor, **asked: str) -> int:
    """What the application is told of when the person has signed in, who is not asked to again."""
    tokens = await application.signed_in(visitor.person, **asked)
    access, id_token = (
        jwt.decode(tokens[name], options={"verify_signature": False})
        for name in ("access_token", "id_token")
    )
    assert access["auth_time"] == id_token["auth_time"]
    return int(id_token["auth_time"])


async def test_applications_are_told_when_somebody_has_signed_in_at_the_provider(
    server: RunningServer, visitor: Visitor, provider: PretendOpenId, application: Application
) -> None:
    now = int(server.clock().timestamp())
    for number, (told, expected) in enumerate((
        (now - 3600, now - 3600),
        (now + 30, now),
        (now + 300, now),
        (None, now),
        (0, now),
    )):  # fmt: skip
        visitor.http.cookies.clear()
        provider.claims["auth_time"] = told
        assert (await visitor.round_trip()).status_code == 303
        found = await auth_time(application, visitor)
        assert abs(found - expected) <= (0 if number == 0 else 20), told
        assert found <= int(server.clock().timestamp()), "never later than now"
        if number:
            continue
        # The session is new, and what it stands for is an hour old.
        assert await auth_time(application, visitor, max_age="7200") == expected
        page = await sent_on(visitor.person, application.ask(max_age="900").url)
        assert page.url.path == "/t/acme/login"
        left = await visitor.leave(return_to=page.url.params["return_to"])
        assert "max_age=0&prompt=login" in left, "whoever is signed in comes to do so anew"
        refused = await sent_on(visitor.person, application.ask(max_age="900", prompt="none").url)
        assert "error=login_required" in refused.headers["location"]


@on_sqlite
async def test_a_sign_in_that_was_begun_for_something_else_is_not_new_enough(
    server: RunningServer, visitor: Visitor, provider: PretendOpenId, application: Application
) -> None:
    # The application asks first; then the person signs in by another tab, where nobody said when.
    waiting = await visitor.http.get(application.ask(max_age="300").url)
    provider.claims["auth_time"] = int(server.clock().timestamp()) - 400
    assert (await visitor.round_trip()).status_code == 303
    page = await sent_on(visitor.person, str(waiting.headers["location"]))
    assert page.url.path == "/t/acme/login"
    left = await visitor.leave(return_to=page.url.params["return_to"])
    provider.claims["auth_time"] = int(server.clock().timestamp())
    back = await visitor.come_back(**provider.approve(left))
    page = await sent_on(visitor.person, str(back.headers["location"]))
    assert page.url.path.startswith("/t/acme/oauth/authorize/"), "and so is asked for consent"


@on_sqlite
async def test_a_sign_in_that_nobody_asked_or_said_the_time_of_may_be_of_any_time(
    server: RunningServer, visitor: Visitor, provider: PretendOpenId, application: Application
) -> None:
    asked: tuple[dict[str, str], ...] = ({"max_age": "300"}, {"prompt": "login"})
    provider.claims["auth_time"] = None
    for more in asked:
        visitor.http.cookies.clear()
        waiting = await visitor.http.get(application.ask(**more).url)
        assert (await visitor.round_trip()).status_code == 303, "by another tab, for nothing"
        for url in (application.ask(**more).url, str(waiting.headers["location"])):
            assert (await sent_on(visitor.person, url)).url.path == "/t/acme/login"
        page = await sent_on(visitor.person, str(waiting.headers["location"]))
        left = await visitor.leave(return_to=page.url.params["return_to"])
        assert "max_age=0&prompt=login" in left
        back = await visitor.come_back(**provider.approve(left))
        page = await sent_on(visitor.person, str(back.headers["location"]))
        assert page.url.path.startswith("/t/acme/oauth/authorize/"), "believed to have done so"


@on_sqlite
async def test_a_second_factor_makes_the_provider_s_sign_in_no_newer(
    server: RunningServer,
    visitor: Visitor,
    provider: PretendOpenId,
    application: Application,
    acme: Tenant,
) -> None:
    assert (await visitor.round_trip()).status_code == 303
    with use_tenant(acme):
        [user] = await users.all_users()
    app, _ = await enrolled(server, acme, user)
    visitor.http.cookies.clear()
    provider.claims["auth_time"] = long_ago = int(server.clock().timestamp()) - 3600
    await visitor.round_trip()
    await visitor.person.visit(f"{acme.issuer}/second-factor")
    assert await show(visitor.person, app.code) == 200
    assert await auth_time(application, visitor) == long_ago
    # What is not to be undone asks for somebody who has signed in lately.
    await visitor.person.visit(f"{acme.issuer}/account/data")
    page = await visitor.person.submit({}, to="/account/data/file")
    assert page.url.path == "/t/acme/login"


@on_sqlite
async def test_people_join_and_leave_the_groups_that_a_connection_looks_after(
    visitor: Visitor,
    provider: PretendOpenId,
    acme: Tenant,
    setup: ConnectionSetup,
    server: RunningServer,
) -> None:
    with use_tenant(acme):
        made = [
            await provisioning.add_group(GroupDraft(name)) for name in ("Staff", "Admins", "Own")
        ]
    staff, admins, own = (each.id for each in made)
    await ruled(setup, acme, groups={"staff": str(staff), "admins": str(admins)})
    await visitor.round_trip()

    async def belongs() -> set[UUID]:
        with use_tenant(acme):
            [user] = await users.all_users()
            return {each.id for each in await group_members.groups_of(user.id, most=9)}

    assert await belongs() == {staff, admins}
    with use_tenant(acme):
        [user] = await users.all_users()
        await provisioning.add_members(own, [user.id], now=server.clock())
    provider.claims["groups"] = ["staff", "others", "invisi\u200bble"]
    await visitor.round_trip()
    assert await belongs() == {staff, own}
    provider.claims["groups"] = None
    await visitor.round_trip()
    assert await belongs() == {staff, own}, "it was not said"
    with use_tenant(acme):
        await provisioning.delete_group(admins)
    provider.claims["groups"] = ["admins"]
    assert (await visitor.round_trip()).status_code == 303
    assert await belongs() == {own}


@on_sqlite
async def test_a_setting_that_the_connector_has_no_more_keeps_nobody_out(
    visitor: Visitor, acme: Tenant, setup: ConnectionSetup
) -> None:
    with use_tenant(acme):
        stored = await connections.find("idp")
        assert stored is not None
        await connections.change(replace(stored, config={**stored.config, "former": "x"}))
    assert (await visitor.round_trip()).status_code == 303
    with use_tenant(acme):
        await setup.change("idp", ConnectionChange(config={"userinfo": True}))
        changed = await connections.find("idp")
    assert changed is not None
    assert changed.config == {**stored.config, "userinfo": True}


@on_sqlite
async def test_what_a_connector_makes_a_secret_is_sealed_at_the_next_sign_in(
    server: RunningServer, visitor: Visitor, provider: PretendOpenId, acme: Tenant
) -> None:
    secrets = ConnectionSecrets(server.parts.encryption)
    with use_tenant(acme):
        stored = await connections.find("idp")
        assert stored is not None
        in_clear = {**stored.config, "client_secret": provider.client_secret}
        none_sealed = await secrets.seal(stored.id, {})
        await connections.change(replace(stored, config=in_clear, sealed_secrets=none_sealed))
    assert (await visitor.round_trip()).status_code == 303
    with use_tenant(acme):
        now = await connections.find("idp")
        assert now is not None
        assert now.config == stored.config
        assert await secrets.open(now) == {"client_secret": provider.client_secret}


@on_sqlite
async def test_rules_that_cannot_be_are_refused(
    acme: Tenant, setup: ConnectionSetup, provider: PretendOpenId
) -> None:
    for field, rules in (
        ("allowed_domains", {"allowed_domains": ("not a domain",)}),
        ("email_domains", {"email_domains": tuple(f"d{n}.example" for n in range(51))}),
        ("groups", {"groups": {"staff": "01930000-0000-7000-8000-000000000009"}}),
        ("groups", {"groups": {"staff": "staff"}}),
        ("provisioned", {"provisioned": Provisioned.EMAIL}),
        ("provisioned", {"provisioned": Provisioned.EMAIL, "email_domains": ("a.example",)}),
    ):
        with pytest.raises(UnfitRules) as refused:
            await ruled(setup, acme, **rules)
        assert refused.value.field == field
    await ruled(setup, acme, email_domains=("Example.com",))
    config = {"issuer": provider.issuer, "client_id": "a", "client_secret": "b"}
    same = ConnectionRules(email_domains=("example.com",))
    with use_tenant(acme), pytest.raises(UnfitRules, match="leads to idp already"):
        await setup.add(slug="second", connector="oidc", config=config, rules=same)


@on_sqlite
async def test_ss_06_a_secret_goes_to_no_place_that_it_was_not_entered_for(
    acme: Tenant, setup: ConnectionSetup
) -> None:
    elsewhere = {"issuer": "https://evil.example"}
    with use_tenant(acme):
        for change in (
            ConnectionChange(config=elsewhere),
            ConnectionChange(config={"endpoint_hosts": ["evil.example"]}),
        ):
            with pytest.raises(ConnectorConfigError, match="client_secret: must be entered again"):
                await setup.change("idp", change)
        await setup.change("idp", ConnectionChange(config={"scope": "openid"}))
        config = elsewhere | {"client_secret": "of the other"}
        await setup.change("idp", ConnectionChange(config=config))


# --- People of a directory ------------------------------------------------------------------------


async def provisioned(tenant: Tenant, alice: User, **changes: Any) -> None:
    """Have alice have come by SCIM."""
    with use_tenant(tenant):
        await UserRow.filter(id=alice.id).update(**({"external_id": "248289761001"} | changes))


@on_sqlite
async def test_who_came_by_scim_is_known_by_the_subject_where_the_connection_is_trusted(
    visitor: Visitor, acme: Tenant, alice: User, setup: ConnectionSetup
) -> None:
    await provisioned(acme, alice)
    assert (await visitor.round_trip()).status_code == 409
    await ruled(setup, acme, provisioned=Provisioned.SUBJECT)
    assert (await visitor.round_trip()).status_code == 303
    [row] = await identities(acme)
    assert row["user_id"] == alice.id
    with use_tenant(acme):
        events = await audit_events.latest(limit=9)
    [linked] = [each for each in events if each.event_type == "IDENTITY_LINKED"]
    assert linked.details["by"] == "subject"


@on_sqlite
async def test_lg_17_nobody_is_taken_for_somebody_of_a_directory_who_is_not(
    visitor: Visitor,
    another: Visitor,
    provider: PretendOpenId,
    acme: Tenant,
    alice: User,
    setup: ConnectionSetup,
) -> None:
    await ruled(setup, acme, provisioned=Provisioned.SUBJECT, newcomers=Newcomers.REFUSED)
    assert (await visitor.round_trip()).status_code == 403, "she did not come by SCIM"
    await provisioned(acme, alice, external_id="another-subject")
    assert (await visitor.round_trip()).status_code == 403, "it is not her subject"
    await provisioned(acme, alice, role=UserRole.ADMIN)
    assert (await visitor.round_trip()).status_code == 403, "she administers"
    await provisioned(acme, alice, role=UserRole.USER, status=UserStatus.DISABLED)
    assert (await visitor.round_trip()).status_code == 403, "she is disabled"
    await provisioned(acme, alice, status=UserStatus.ACTIVE)
    assert (await visitor.round_trip()).status_code == 303
    provider.claims["sub"] = "somebody-else"
    await provisioned(acme, alice, external_id="somebody-else")
    assert (await another.round_trip()).status_code == 403, "she has an account there already"


@on_sqlite
async def test_lg_17_an_address_counts_at_a_domain_that_the_tenant_has_proven_alone(
    visitor: Visitor,
    provider: PretendOpenId,
    acme: Tenant,
    alice: User,
    setup: ConnectionSetup,
    server: RunningServer,
) -> None:
    await provisioned(acme, alice, external_id="entra-1")
    with use_tenant(acme):
        await TenantDomain.create(host="example.com", tenant_id=acme.id, verified_at=server.clock())
    rules = {"provisioned": Provisioned.EMAIL, "newcomers": Newcomers.REFUSED}
    await ruled(setup, acme, email_domains=("example.com",), **rules)
    for changed in ({"email_verified": False}, {"email": "octocat@other.example"}):
        provider.changed = changed
        assert (await visitor.round_trip()).status_code == 403
    provider.changed = {}
    with use_tenant(acme):
        await TenantDomain.filter(host="example.com").update(verified_at=None)
    assert (await visitor.round_trip()).status_code == 403, "the proof is gone"
    with use_tenant(acme):
        await TenantDomain.filter(host="example.com").update(verified_at=server.clock())
    assert (await visitor.round_trip()).status_code == 303
    assert [row["user_id"] for row in await identities(acme)] == [alice.id]


# --- A further way in -----------------------------------------------------------------------------

LINK = "/account/identities/link/idp"
TRIAL = "/login/idp/trial"


@on_sqlite
async def test_a_person_adds_a_way_in_and_removes_it_but_never_the_last(
    visitor: Visitor, another: Visitor, acme: Tenant, alice: User, server: RunningServer
) -> None:
    person = visitor.person
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    page = await visitor.round_trip(LINK)
    assert (page.status_code, "Add this account?" in page.text) == (200, True)
    assert await identities(acme) == [], "nothing is linked before she has said so"
    person.page = page
    page = await person.submit({}, to="/account/identities/link")
    assert "it signs you in from now on" in page.text
    assert (await another.round_trip()).status_code == 303
    assert "alice" in (await another.http.get(f"{acme.issuer}/account/identities")).text

    async def has(password_hash: str | None) -> None:
        with use_tenant(acme):
            await UserRow.filter(id=alice.id).update(password_hash=password_hash)

    await person.visit(f"{acme.issuer}/account/identities")
    await has(None)
    page = await person.submit({}, to="/unlink")
    assert "it is your last way to sign in" in page.text
    assert "Last way in" in page.text
    await has(alice.password_hash)
    await person.visit(f"{acme.issuer}/account/identities")
    page = await person.submit({}, to="/unlink")
    assert "it signs you in no longer" in page.text
    assert await identities(acme) == []
    with use_tenant(acme):
        events = await audit_events.latest(limit=20)
    assert "IDENTITY_LINKED" in {each.event_type for each in events}
    [gone] = [each for each in events if each.event_type == "IDENTITY_UNLINKED"]
    assert set(gone.details) == {"connection", "issuer", "subject", "username"}
    assert gone.details["connection"] == "idp"


@on_sqlite
async def test_lg_17_to_add_a_way_in_asks_for_a_recent_sign_in_and_the_same_person(
    visitor: Visitor,
    another: Visitor,
    acme: Tenant,
    alice: User,
    server: RunningServer,
    passwords: Passwords,
) -> None:
    with use_tenant(acme):
        await provisioning.add_user(passwords, username="mallory", password=PASSWORD)
    assert "/login" in (await visitor.http.get(f"{acme.issuer}{LINK}")).headers["location"]
    await visitor.person.sign_in(acme.issuer, "alice", PASSWORD)
    url = await visitor.leave(LINK)
    server.clock.advance(16 * 60)
    answer = await visitor.http.get(f"{acme.issuer}{LINK}")
    assert answer.headers["location"].startswith("/t/acme/login?return_to=")
    await another.person.sign_in(acme.issuer, "mallory", PASSWORD)
    back = visitor.provider.approve(url)
    assert (await another.come_back(**back)).status_code == 400, "mallory did not begin it"

    # Whom it belongs to already, it is not taken from; and what one was asked is no other's.
    page = await another.round_trip(LINK)
    another.person.page = page
    await another.person.submit({}, to="/link")
    [row] = await identities(acme)
    await visitor.person.sign_in(acme.issuer, "alice", PASSWORD)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.text)
    assert sealed
    theirs = await visitor.round_trip(LINK)
    visitor.person.page = theirs
    answer = await visitor.person.submit({"sealed": sealed[1]}, to="/link")
    assert "took too long" in answer.text
    visitor.person.page = theirs
    answer = await visitor.person.submit({}, to="/link")
    assert (answer.status_code, "already signs somebody else in" in answer.text) == (409, True)
    assert await identities(acme) == [row]


@on_sqlite
async def test_lg_17_who_comes_back_is_who_left_and_says_yes_within_five_minutes(
    visitor: Visitor, acme: Tenant, alice: User, server: RunningServer, passwords: Passwords
) -> None:
    with use_tenant(acme):
        await provisioning.add_user(passwords, username="mallory", password=PASSWORD)
        await UserRow.all().update(role=UserRole.ADMIN)
    for path, status in ((LINK, 400), (TRIAL, 200)):
        await signed_in_anew(visitor, "alice")
        url = await visitor.leave(path)
        await signed_in_anew(visitor, "mallory")
        answer = await visitor.come_back(**visitor.provider.approve(url))
        assert (answer.status_code, "in another browser" in answer.text) == (status, True), path
        assert "octocat" not in answer.text
    for seconds, outcome in ((301, "late"), (299, "linked")):
        visitor.person.page = await visitor.round_trip(LINK)
        server.clock.advance(seconds)
        answer = await visitor.person.submit({}, to="/link", follow=False)
        assert answer.headers["location"].endswith(f"?done={outcome}")


async def signed_in_anew(visitor: Visitor, username: str) -> None:
    """Have somebody sign in by a browser in which nobody is signed in any more."""
    if await visitor.is_signed_in():
        await visitor.person.visit(f"{visitor.issuer}/account/sessions")
        await visitor.person.submit({}, to="/logout")
    await visitor.person.sign_in(visitor.issuer, username, PASSWORD)


# --- By address -----------------------------------------------------------------------------------


@on_sqlite
async def test_lg_09_an_address_leads_to_a_provider_whoever_has_it(
    visitor: Visitor, acme: Tenant, alice: User, setup: ConnectionSetup
) -> None:
    person = visitor.person
    assert "by_address" not in (await person.visit(f"{acme.issuer}/login")).text
    await ruled(setup, acme, email_domains=("example.com",))
    page = await person.visit(f"{acme.issuer}/login")
    [link] = re.findall(r'href="([^"]*by_address[^"]*)"', page.text)
    said = set()
    for email in ("octocat@example.com", "nobody@EXAMPLE.com"):
        await person.visit(f"http://localhost:8080{link.replace('&amp;', '&')}")
        page = await person.submit({"email": email}, to="/by_address")
        said.add(re.sub(r"octocat|nobody|EXAMPLE|example|token\" value=\"[^\"]+", "", page.text))
        assert "Continue to" in page.text
    assert len(said) == 1, "who is there and who is not is the same"
    [url] = re.findall(r'href="([^"]*login_hint[^"]*)"', page.text)
    left = await visitor.http.get(f"http://localhost:8080{url.replace('&amp;', '&')}")
    query = parse_qs(urlsplit(left.headers["location"]).query)
    assert query["login_hint"] == ["nobody@EXAMPLE.com"]
    for email in ("alice@elsewhere.example", "example.com", "@"):
        await person.visit(f"{acme.issuer}/login/by_address")
        page = await person.submit({"email": email}, to="/by_address")
        assert "No company signs in here by this address" in page.text


@on_sqlite
async def test_no_hint_that_a_stranger_makes_up_has_the_provider_left_alone(
    visitor: Visitor,
) -> None:
    """A URL that is too long would be the connector's fault, and five faults close it to all."""
    longest = f"{'a' * 242}@example.com"
    for hint in ("ü" * 1000, "🙂" * 128, f"{'a' * 243}@example.com", "a\r\nb@example.com"):
        for _ in range(2):
            left = await visitor.leave(login_hint=hint)
            assert "login_hint" not in left
    assert f"login_hint={'a' * 242}%40" in await visitor.leave(login_hint=longest)


# --- Trying it out --------------------------------------------------------------------------------


@on_sqlite
async def test_an_administrator_tries_a_connection_and_nobody_is_signed_in_by_it(
    visitor: Visitor,
    another: Visitor,
    provider: PretendOpenId,
    acme: Tenant,
    alice: User,
    setup: ConnectionSetup,
) -> None:
    await visitor.person.sign_in(acme.issuer, "alice", PASSWORD)
    assert (await visitor.http.get(f"{acme.issuer}{TRIAL}")).status_code == 403
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
        await setup.change("idp", ConnectionChange(enabled=False))
    before = await identities(acme)
    page = await visitor.round_trip(TRIAL)
    assert page.status_code == 200
    for shown in ("248289761001", "octocat@example.com (verified)", "Makes a new user."):
        assert shown in page.text
    assert "at-1" not in page.text
    assert provider.client_secret not in page.text
    provider.changed["nonce"] = "of another"
    page = await visitor.round_trip(TRIAL)
    assert "the ID token is made for another sign-in" in page.text
    provider.changed = {}
    url = await visitor.leave(TRIAL)
    assert (await another.come_back(**provider.approve(url))).status_code == 404
    assert await identities(acme) == before
    with use_tenant(acme):
        assert len(await users.all_users()) == 1
