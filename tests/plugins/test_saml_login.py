"""Signing in by a provider of SAML 2.0: pysaml2, which is asked over https and signs by xmlsec1.

SAML 2.0 Profiles section 4.1 (Web Browser SSO), this server being the service provider.
"""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lxml import etree
from tortoise import connections as database

from authgate import provisioning
from authgate.accounts.connection_setup import (
    ConnectionChange,
    ConnectionSetup,
    KnowsSuperior,
)
from authgate.accounts.passwords import Passwords
from authgate.permissions import UserRole
from authgate.settings import EgressSettings, Settings
from authgate.storage.audit import audit_events
from authgate.storage.people import users
from authgate.storage.people.users import User, UserRow
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.connection_rules import ConnectionRules, Newcomers
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import PASSWORD, Person
from authgate_testing.pretend_host import Answer, Host
from authgate_testing.saml_provider import NAMESPACES, SUBJECT, SamlProvider, signing_key
from authgate_testing.server import RunningServer

TRIAL = "/login/idp/trial"


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    """The server may reach this machine, where the provider is."""
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
def provider(host: Host) -> SamlProvider:
    host.site = provider = SamlProvider(host=host.name)
    return provider


Connect = Callable[..., Awaitable[Tenant]]


@pytest.fixture
def setup(server: RunningServer) -> ConnectionSetup:
    parts = server.parts
    return ConnectionSetup(connectors=parts.plugins.connectors, encryption=parts.encryption)


@pytest.fixture
def connect(server: RunningServer, setup: ConnectionSetup) -> Connect:
    """Makes a tenant whose people sign in by it."""

    async def made(slug: str, **config: object) -> Tenant:
        tenant = await provisioning.add_tenant(
            server.parts,
            slug=slug,
            name=slug.title(),
            settings=TenantSettings(enabled_plugins=("saml",), auto_register=True),
        )
        config |= {"trusted_domains": ["example.com"]}
        with use_tenant(tenant):
            await setup.add(slug="idp", connector="saml", config=config, label="IdP")
        return tenant

    return made


@pytest.fixture
async def acme(connect: Connect, provider: SamlProvider) -> Tenant:
    return await connect("acme", metadata_url=provider.metadata_url)


class Visitor(Person):
    """Somebody's browser, and the provider that they have an account at."""

    async def leave(self, tenant: Tenant, path: str = "/login/idp") -> str:
        answer = await self.http.get(f"{tenant.issuer}{path}")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def bring(self, tenant: Tenant, form: dict[str, str]) -> httpx2.Response:
        return await self.http.post(f"{tenant.issuer}/login/idp/callback", data=form)

    async def round_trip(
        self, tenant: Tenant, provider: SamlProvider, path: str = "/login/idp"
    ) -> httpx2.Response:
        return await self.bring(tenant, provider.approve(await self.leave(tenant, path)))

    async def is_in(self, tenant: Tenant) -> bool:
        return (await self.http.get(f"{tenant.issuer}/account/sessions")).status_code == 200


@pytest.fixture
def visitor(server: RunningServer) -> Visitor:
    return Visitor(server.browser())


@pytest.fixture
def another(server: RunningServer) -> Visitor:
    return Visitor(server.browser())


@pytest.fixture
async def alice(acme: Tenant, passwords: Passwords) -> User:
    with use_tenant(acme):
        return await provisioning.add_user(
            passwords, username="alice", password=PASSWORD, email="octocat@example.com"
        )


async def causes(tenant: Tenant) -> list[str]:
    with use_tenant(tenant):
        found = await audit_events.latest(limit=50)
    return [str(each.details["cause"]) for each in found if "cause" in each.details]


async def people(tenant: Tenant) -> list[User]:
    with use_tenant(tenant):
        return list(await users.all_users())


async def identities(tenant: Tenant) -> list[dict[str, Any]]:
    with use_tenant(tenant):
        return list(await external_identities.ExternalIdentityRow.all().values())


async def test_a_person_signs_in_at_the_provider_by_either_way_to_set_it_up(
    server: RunningServer,
    connect: Connect,
    provider: SamlProvider,
    host: Host,
    certificate: tuple[Path, Path],
    visitor: Visitor,
) -> None:
    provider.by_xmlsec1 = provider.sign_response = True
    ways: tuple[dict[str, object], ...] = (
        {"metadata_url": provider.metadata_url},
        {"metadata": provider.metadata()},
    )
    trusting = ssl.create_default_context(cafile=certificate[0])
    for number, config in enumerate(ways):
        tenant = await connect(f"tenant-{number}", **config)
        async with httpx2.AsyncClient(verify=trusting) as outside:
            page = await outside.get(await visitor.leave(tenant))
        visitor.page = page  # the provider's, whose form the browser posts without our cookies
        page = await Person(server.browser(), page).submit({}, follow=False)
        assert "data-send-at-once" in page.text
        visitor.page = page
        done = await visitor.submit({}, to="/callback", follow=False)
        assert (done.status_code, await visitor.is_in(tenant)) == (303, True)
        [user] = await people(tenant)
        assert (user.username, user.email, user.name) == (
            "octocat", "octocat@example.com", "The Octocat",
        )  # fmt: skip
        [identity] = await identities(tenant)
        assert (identity["issuer"], identity["subject"]) == (provider.entity_id, SUBJECT)
    assert [each.path for each in host.asked if each.path == "/metadata"] == ["/metadata"]


@on_sqlite
async def test_a_provider_reads_what_this_server_is(
    server: RunningServer, acme: Tenant, setup: ConnectionSetup
) -> None:
    with use_tenant(acme):
        await setup.change("idp", ConnectionChange(enabled=False))
    told = await server.http.get(f"{acme.issuer}/login/idp/metadata")
    assert told.headers["content-type"].startswith("application/samlmetadata+xml")
    assert "attachment" in told.headers["content-disposition"]
    root = etree.fromstring(told.content)
    assert root.get("entityID") == str(told.url)
    consumer = root.find(".//md:AssertionConsumerService", NAMESPACES)
    assert consumer.get("Location") == f"{acme.issuer}/login/idp/callback"
    assert (await server.http.get(f"{acme.issuer}/login/nobody/metadata")).status_code == 404


@on_sqlite
async def test_mx_15_an_answer_counts_once_and_for_who_asked(
    acme: Tenant, provider: SamlProvider, visitor: Visitor, another: Visitor
) -> None:
    form = provider.approve(await visitor.leave(acme))
    began = dict(visitor.http.cookies)
    mine = provider.approve(await another.leave(acme))
    assert (await another.bring(acme, form)).status_code == 400, "of another browser"
    await another.leave(acme)
    swapped = {**mine, "SAMLResponse": form["SAMLResponse"]}
    assert (await another.bring(acme, swapped)).status_code == 400
    await another.leave(acme)
    unasked = {"SAMLResponse": form["SAMLResponse"], "RelayState": ""}
    assert (await another.bring(acme, unasked)).status_code == 400, "nobody has asked for it"
    again = provider.approve(await another.leave(acme))
    again["SAMLResponse"] = form["SAMLResponse"]
    assert (await another.bring(acme, again)).status_code == 400, "an answer to another request"
    assert not await another.is_in(acme)
    assert (await visitor.bring(acme, form)).status_code == 303
    another.http.cookies.clear()
    another.http.cookies.update(began)
    assert (await another.bring(acme, form)).status_code == 400
    assert not await another.is_in(acme)
    assert {"answered already", "the response answers another request, or none"} <= set(
        await causes(acme)
    )


@on_sqlite
async def test_lg_17_18_an_address_and_a_subject_take_over_nobody(
    connect: Connect,
    acme: Tenant,
    alice: User,
    provider: SamlProvider,
    visitor: Visitor,
    setup: ConnectionSetup,
) -> None:
    assert (await visitor.round_trip(acme, provider)).status_code == 409, (
        "the address is somebody's"
    )
    # Whoever runs a provider writes into it what they like: then it does not even count.
    provider.attributes["mail"] = ["alice@elsewhere.example"]
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(email="alice@elsewhere.example")
    assert (await visitor.round_trip(acme, provider)).status_code == 303
    assert {each.email for each in await people(acme)} == {"alice@elsewhere.example", None}
    assert "alice" not in (await visitor.visit(f"{acme.issuer}/account/identities")).text
    with use_tenant(acme):
        rules = ConnectionRules(allowed_domains=("elsewhere.example",))
        await setup.change("idp", ConnectionChange(rules=rules))
    assert (await visitor.round_trip(acme, provider)).status_code == 403

    # Nor does the same provider say at another tenant who somebody is here.
    globex = await connect("globex", metadata_url=provider.metadata_url)
    with use_tenant(globex):
        rules = ConnectionRules(newcomers=Newcomers.REFUSED)
        await setup.change("idp", ConnectionChange(rules=rules))
    assert (await visitor.round_trip(globex, provider)).status_code == 403
    form = provider.approve(await visitor.leave(acme))
    state = provider.approve(await visitor.leave(globex))["RelayState"]
    assert (await visitor.bring(globex, form)).status_code == 400
    await visitor.leave(globex)
    assert (await visitor.bring(globex, {**form, "RelayState": state})).status_code == 400


@on_sqlite
async def test_an_administrator_does_not_say_by_whose_metadata_an_owner_is_known(
    acme: Tenant, provider: SamlProvider, visitor: Visitor, setup: ConnectionSetup
) -> None:
    await visitor.round_trip(acme, provider)
    with use_tenant(acme):
        await UserRow.all().update(role=UserRole.OWNER)
    provider.published = [signing_key("of-an-administrator")]
    own: dict[str, object] = {"metadata": provider.metadata()}
    pasted = ConnectionChange(config=own, unset=["metadata_url"])
    elsewhere = ConnectionChange(config={"metadata_url": "https://evil.example/metadata"})
    with use_tenant(acme):
        for change in (pasted, elsewhere):
            with pytest.raises(KnowsSuperior):
                await setup.change("idp", change, role=UserRole.ADMIN)
        await setup.change("idp", pasted, role=UserRole.OWNER)
        back = ConnectionChange(config={"metadata_url": provider.metadata_url}, unset=["metadata"])
        with pytest.raises(KnowsSuperior):
            await setup.change("idp", back, role=UserRole.ADMIN)


@on_sqlite
async def test_who_is_called_otherwise_is_the_same_person_until_disabled(
    acme: Tenant, provider: SamlProvider, visitor: Visitor, another: Visitor
) -> None:
    await visitor.round_trip(acme, provider)
    provider.attributes |= {"mail": ["changed@example.com"], "uid": ["renamed"]}
    assert (await another.round_trip(acme, provider)).status_code == 303
    assert [each.username for each in await people(acme)] == ["octocat"]
    with use_tenant(acme):
        await UserRow.all().update(status=UserStatus.DISABLED)
    answer = await another.round_trip(acme, provider)
    assert (answer.status_code, "switched off" in answer.text) == (403, True)
    assert not await another.is_in(acme)


@on_sqlite
async def test_a_provider_at_fault_signs_nobody_in_and_stands_in_nobodys_way(
    acme: Tenant, connect: Connect, provider: SamlProvider, visitor: Visitor
) -> None:
    for odd in ("%", "PHg+", "A" * 40_000):
        form = provider.approve(await visitor.leave(acme))
        answer = await visitor.bring(acme, {**form, "SAMLResponse": odd})
        assert (answer.status_code, "does not fit this sign-in" in answer.text) == (400, True)
    form = provider.approve(await visitor.leave(acme))
    large = {**form, "SAMLResponse": "A" * 70_000}
    assert (await visitor.bring(acme, large)).status_code == 413
    assert (await visitor.round_trip(acme, provider)).status_code == 303, "none was its fault"
    for slug, answer_of_provider in (
        ("endless", Answer(body=b" " * 100_000, never_ends=True)),
        ("gone", Answer(status=404)),
        ("page", Answer(body=b"<html>")),
    ):
        provider.answers["/metadata"] = answer_of_provider
        tenant = await connect(slug, metadata_url=provider.metadata_url)
        left = await visitor.http.get(f"{tenant.issuer}/login/idp")
        assert (left.status_code, "cannot be reached" in left.text) == (503, True)


async def test_it_is_known_until_when_certificates_are_good_and_what_stands_in_for_metadata(
    acme: Tenant,
    connect: Connect,
    alice: User,
    provider: SamlProvider,
    host: Host,
    visitor: Visitor,
    another: Visitor,
    setup: ConnectionSetup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soon = signing_key("soon", 20)
    day = f"{soon.certificate.not_valid_after_utc:%Y-%m-%d}"
    provider.key, provider.published = soon, [soon]
    globex = await connect("globex", metadata_url=provider.metadata_url)
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    await visitor.sign_in(acme.issuer, "alice", PASSWORD)
    here = f"{acme.issuer}/admin/connections/idp"
    assert day not in (await visitor.visit(here)).text, "nobody has asked the provider"
    asked = len(host.asked)
    # Refused, since alice has that address already: what was found out stays.
    assert (await another.round_trip(acme, provider)).status_code == 409
    page, number = await visitor.visit(here), len(host.asked)
    assert (day in page.text, 'class="flagged"' in page.text) == (True, True)
    assert number > asked, "by the sign-in"
    for tenant, is_known in ((acme, True), (globex, False)):
        with use_tenant(tenant):
            found = await connections.find("idp")
        assert found is not None
        assert bool(found.standing.ends) is is_known
    monkeypatch.setattr("authgate.plugin_manager.provider_documents.RENEWED_SECONDS", 0.0)
    monkeypatch.setattr("authgate.plugin_manager.provider_documents.FAILED_SECONDS", 0.0)
    provider.answers["/metadata"] = Answer(body=b"<html>Back soon</html>")
    page = await visitor.submit({}, to="/test")
    stands_in = "The metadata are no EntityDescriptor, the metadata of one provider."
    assert stands_in in page.text
    page = await visitor.visit(here)
    assert (stands_in in page.text, day in page.text) == (True, True)
    provider.answers.clear()
    await visitor.submit({}, to="/test")
    assert stands_in not in (await visitor.visit(here)).text
    with use_tenant(acme):
        await setup.change("idp", ConnectionChange(config={"name_attribute": "cn"}))
    assert day not in (await visitor.visit(here)).text, "nobody has looked since"
    await visitor.submit({}, to="/test")
    assert day in (await visitor.visit(here)).text, "although the provider says what it said"
    with use_tenant(acme):
        other = {"metadata_url": "https://other.example/metadata"}
        await setup.change("idp", ConnectionChange(config=other))
    assert day not in (await visitor.visit(here)).text, "it was another's"


@on_sqlite
async def test_a_database_that_keeps_nothing_of_a_provider_undoes_no_sign_in(
    acme: Tenant, provider: SamlProvider, visitor: Visitor
) -> None:
    refusing = (
        "CREATE TRIGGER kept_nothing BEFORE UPDATE OF standing ON connections"
        " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    for done, is_kept in ((refusing, False), ("DROP TRIGGER kept_nothing", True)):
        await database.get("default").execute_script(done)
        assert (await visitor.round_trip(acme, provider)).status_code == 303
        with use_tenant(acme):
            found = await connections.find("idp")
        assert found is not None
        assert bool(found.standing.ends) is is_kept


@on_sqlite
async def test_an_administrator_sees_what_to_register_and_tries_it(
    acme: Tenant, alice: User, provider: SamlProvider, visitor: Visitor
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    await visitor.sign_in(acme.issuer, "alice", PASSWORD)
    page = await visitor.visit(f"{acme.issuer}/admin/connections/idp")
    for shown in ("/login/idp/callback", "/login/idp/metadata"):
        assert shown in page.text
    page = await visitor.submit({}, to="/test")
    for shown in (provider.entity_id, "Signing certificates", "The provider takes them unsigned."):
        assert shown in page.text
    page = await visitor.round_trip(acme, provider, TRIAL)
    for shown in (SUBJECT, "octocat@example.com (verified)", "NameID Format"):
        assert shown in page.text
    provider.sign_assertion = False
    page = await visitor.round_trip(acme, provider, TRIAL)
    assert "the response is not signed" in page.text
    assert await identities(acme) == []
