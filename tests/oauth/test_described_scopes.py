"""Scopes in the tenant's own words, where people allow them, and in the metadata."""

import pytest

from authgate import provisioning
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.tenants import scopes
from authgate.storage.tenants.scopes import ScopeDraft, ScopeWords
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_postgres
from authgate_testing.meanwhile import meanwhile
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

ORDERS = ScopeDraft(
    name="orders",
    title="Change your orders",
    description="Also those of last year <i>.",
    translations={
        "de": ScopeWords("Bestellungen \u00e4ndern"),
        "pt-BR": ScopeWords("Alterar seus pedidos"),
    },
    sensitive=True,
)


@pytest.fixture
async def orders(
    server: RunningServer, acme: Tenant, globex: Tenant, console: Application
) -> Tenant:
    """Acme's console may ask for orders, which acme has described."""
    with use_tenant(acme):
        await provisioning.add_scope(server.parts, ORDERS)
        change = ClientChange(scopes=["openid", "orders"])
        await provisioning.change_client(server.parts, "console", change)
    return acme


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("", "Change your orders"),
        ("fr", "Change your orders"),
        ("fr, de-CH;q=0.5", "Bestellungen \u00e4ndern"),
        ("PT-br", "Alterar seus pedidos"),
        ("pt", "Change your orders"),
    ],
)
async def test_people_read_what_they_allow_in_their_language(
    orders: Tenant, console: Application, person: Person, language: str, words: str
) -> None:
    person.http.headers["Accept-Language"] = language
    page = await person.visit(console.ask(scope="openid orders").url)
    assert words in page.text
    assert ("Also those of last year &lt;i&gt;." in page.text) == (words == ORDERS.title)


async def test_an_application_says_in_which_language_it_speaks(
    orders: Tenant, console: Application, person: Person
) -> None:
    person.http.headers["Accept-Language"] = "pt-BR"
    page = await person.visit(console.ask(scope="openid orders", ui_locales="xx de").url)
    assert "Bestellungen \u00e4ndern" in page.text


async def test_metadata_names_what_a_tenant_has_described_and_no_other_does(
    server: RunningServer, orders: Tenant, globex: Tenant
) -> None:
    async def supported(tenant: Tenant) -> list[str]:
        answer = await server.http.get(f"{tenant.issuer}/.well-known/openid-configuration")
        found: list[str] = answer.json()["scopes_supported"]
        return found

    assert "orders" in await supported(orders)
    assert "orders" not in await supported(globex)
    with use_tenant(orders):
        await provisioning.add_scope(server.parts, ScopeDraft(name="later", title="Later"))
        hidden = ScopeDraft(name="orders", title="X", advertised=False)
        await provisioning.change_scope(server.parts, hidden)
    assert await supported(orders) == [
        "openid",
        "profile",
        "email",
        "offline_access",
        "groups",
        "roles",
        "later",
    ]


async def test_another_tenant_cannot_touch_the_words(
    server: RunningServer, orders: Tenant, globex: Tenant
) -> None:
    with use_tenant(globex):
        for attempt in (
            provisioning.change_scope(server.parts, ScopeDraft(name="orders", title="X")),
            provisioning.remove_scope(server.parts, "orders"),
        ):
            with pytest.raises(provisioning.UnknownScope):
                await attempt


@on_postgres
async def test_a_scope_stays_that_a_client_is_registered_for_meanwhile(
    postgres: PostgresServer, server: RunningServer, acme: Tenant
) -> None:
    refusals: list[Exception] = []

    async def remove() -> None:
        try:
            await provisioning.remove_scope(server.parts, "orders")
        except provisioning.ScopeInUse as error:
            refusals.append(error)

    with use_tenant(acme):
        await provisioning.add_scope(server.parts, ORDERS)
        async with meanwhile(postgres, remove()):
            draft = ClientDraft(name="Shop", grant_types=["client_credentials"], scopes=["orders"])
            await provisioning.add_client(server.parts, draft)
        assert await scopes.find("orders")
    assert len(refusals) == 1
