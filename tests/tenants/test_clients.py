"""A tenant's clients: secrets that change over, reviews, an end that leaves nothing, and lists."""

from datetime import timedelta
from uuid import UUID

import pytest

from authgate import provisioning
from authgate.provisioning import NewClient, UnknownClient
from authgate.storage.audit import audit_events
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange, ClientDraft, ClientFilter
from authgate.storage.issued import tokens
from authgate.storage.paging import BadCursor, Cursor, Order
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer


async def asked(server: RunningServer, tenant: Tenant, client_id: str, secret: str) -> int:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, secret),
    )
    return answer.status_code


async def test_two_secrets_are_good_while_one_takes_over_from_the_other(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    client_id, first = machine.client.client_id, machine.secret or ""
    until = server.clock() + timedelta(hours=24)
    with use_tenant(acme):
        second = await provisioning.rotate_client_secret(
            server.parts, client_id, former_until=until
        )
    assert await asked(server, acme, client_id, first) == 200
    assert await asked(server, acme, client_id, second) == 200
    with use_tenant(acme):
        third = await provisioning.rotate_client_secret(server.parts, client_id, former_until=until)
    assert await asked(server, acme, client_id, first) == 401
    assert await asked(server, acme, client_id, second) == 200
    server.clock.advance(24 * 3600)
    assert await asked(server, acme, client_id, second) == 401
    assert await asked(server, acme, client_id, third) == 200


async def test_a_secret_ends_when_it_was_said_to(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    client_id = machine.client.client_id
    with use_tenant(acme):
        secret = await provisioning.rotate_client_secret(
            server.parts, client_id, expires_at=server.clock() + timedelta(days=1)
        )
    assert await asked(server, acme, client_id, secret) == 200
    server.clock.advance(86_400)
    assert await asked(server, acme, client_id, secret) == 401


async def test_ca_16_a_former_secret_is_good_no_longer_than_it_would_have_been(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    client_id, later = machine.client.client_id, server.clock() + timedelta(days=9)
    ending = server.clock() + timedelta(hours=2)
    with use_tenant(acme):
        first = await provisioning.rotate_client_secret(server.parts, client_id, expires_at=ending)
        second = await provisioning.rotate_client_secret(
            server.parts, client_id, expires_at=ending, former_until=later
        )
    assert await asked(server, acme, client_id, first) == 200
    server.clock.advance(2 * 3600)
    assert await asked(server, acme, client_id, first) == 401
    assert await asked(server, acme, client_id, second) == 401
    # One that has ended is not brought back.
    with use_tenant(acme):
        third = await provisioning.rotate_client_secret(server.parts, client_id, former_until=later)
    assert await asked(server, acme, client_id, second) == 401
    assert await asked(server, acme, client_id, third) == 200


async def test_a_former_secret_ends_at_once_where_somebody_wants_it(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    client_id, first = machine.client.client_id, machine.secret or ""
    with use_tenant(acme):
        until = server.clock() + timedelta(hours=24)
        await provisioning.rotate_client_secret(server.parts, client_id, former_until=until)
        await provisioning.end_former_client_secret(server.parts, client_id)
    assert await asked(server, acme, client_id, first) == 401


async def test_a_client_is_served_once_it_is_approved(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    draft = ClientDraft(
        name="Mine", grant_types=["client_credentials"], status=ClientStatus.PENDING
    )
    with use_tenant(acme):
        made = await provisioning.add_client(server.parts, draft)
    client_id, secret = made.client.client_id, made.secret or ""
    assert await asked(server, acme, client_id, secret) == 401
    with use_tenant(globex), pytest.raises(UnknownClient):
        await provisioning.review_client(server.parts, client_id, approved=True)
    with use_tenant(acme):
        await provisioning.review_client(server.parts, client_id, approved=True)
        with pytest.raises(UnknownClient):  # it waits no longer
            await provisioning.review_client(server.parts, client_id, approved=False)
    assert await asked(server, acme, client_id, secret) == 200


async def test_a_client_that_is_removed_leaves_nothing_to_the_next_of_its_name(
    server: RunningServer, acme: Tenant, globex: Tenant, machine: NewClient
) -> None:
    client_id, secret = machine.client.client_id, machine.secret or ""
    answer = await server.http.post(
        f"{acme.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, secret),
    )
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    tokeninfo = f"{acme.issuer}/oauth/tokeninfo"
    assert (await server.http.get(tokeninfo, headers=bearer)).status_code == 200
    with use_tenant(globex), pytest.raises(UnknownClient):
        await provisioning.delete_client(server.parts, client_id)
    draft = ClientDraft(name="Next", grant_types=["client_credentials"], client_id=client_id)
    with use_tenant(acme):
        await provisioning.delete_client(server.parts, client_id)
        assert (await server.http.get(tokeninfo, headers=bearer)).status_code == 401
        await provisioning.add_client(server.parts, draft)
        assert await tokens.Token.all().count() == 0
        assert "CLIENT_DELETED" in {each.event_type for each in await audit_events.latest(limit=5)}
    assert (await server.http.get(tokeninfo, headers=bearer)).status_code == 401
    assert await asked(server, acme, client_id, secret) == 401


async def test_what_a_client_was_given_ends_all_at_once_and_it_may_ask_again(
    server: RunningServer, acme: Tenant, globex: Tenant, machine: NewClient
) -> None:
    client_id, secret = machine.client.client_id, machine.secret or ""
    for _ in range(2):
        assert await asked(server, acme, client_id, secret) == 200
    with use_tenant(globex), pytest.raises(UnknownClient):
        await provisioning.revoke_client_tokens(server.parts, client_id)
    with use_tenant(acme):
        assert await provisioning.revoke_client_tokens(server.parts, client_id) == 2
        assert await provisioning.revoke_client_tokens(server.parts, client_id) == 0
    assert await asked(server, acme, client_id, secret) == 200


async def test_a_change_that_no_client_can_be_changes_nothing(
    server: RunningServer, acme: Tenant, device_client: NewClient
) -> None:
    client_id = device_client.client.client_id
    change = ClientChange(name="Other", grant_types=["client_credentials"])
    with use_tenant(acme):
        with pytest.raises(provisioning.UnfitClient) as refused:
            await provisioning.change_client(server.parts, client_id, change)
        assert refused.value.field == "grant_types"
        assert (await clients.find(client_id)) == device_client.client


NAMES = ["alpha", "Beta", "beta", "gamma", "gamma", "gamma", "omega"]


@pytest.fixture
async def many(server: RunningServer, acme: Tenant, globex: Tenant) -> Tenant:
    """Acme, with a few clients; globex has others."""
    for tenant in (acme, globex):
        with use_tenant(tenant):
            for name in NAMES:
                draft = ClientDraft(name=name, grant_types=["client_credentials"])
                await provisioning.add_client(server.parts, draft)
    return acme


@pytest.mark.parametrize("order", ["name", "-name", "created_at", "-created_at"])
async def test_a_list_shows_each_client_once_forward_and_back(many: Tenant, order: str) -> None:
    by = Order.of(order)
    seen: list[UUID] = []
    back: list[UUID] = []
    with use_tenant(many):
        everything = [each.id for each in (await clients.page(ClientFilter(), by)).rows]
        assert len(everything) == len(NAMES)
        page = await clients.page(ClientFilter(), by, limit=3)
        assert page.previous is None
        seen += [each.id for each in page.rows]
        while page.next:
            page = await clients.page(ClientFilter(), by, cursor=page.next, limit=3)
            seen += [each.id for each in page.rows]
        while page.previous:
            page = await clients.page(ClientFilter(), by, cursor=page.previous, limit=3)
            back = [each.id for each in page.rows] + back
        assert page.next is not None
    assert seen == everything
    assert back == everything[:6]


async def test_a_list_goes_on_where_it_was_whatever_comes_and_goes(
    server: RunningServer, many: Tenant
) -> None:
    by = Order.of("name")
    with use_tenant(many):
        first = await clients.page(ClientFilter(), by, limit=3)
        rest = await clients.page(ClientFilter(), by, cursor=first.next)
        await provisioning.delete_client(server.parts, first.rows[-1].client_id)
        draft = ClientDraft(name="a new one", grant_types=["client_credentials"])
        await provisioning.add_client(server.parts, draft)
        assert await clients.page(ClientFilter(), by, cursor=first.next) == rest


async def test_a_search_finds_parts_of_names_and_starts_of_ids(
    server: RunningServer, many: Tenant
) -> None:
    by = Order.of("name")
    with use_tenant(many):
        found = await clients.page(ClientFilter(search="ET"), by)
        assert {each.name for each in found.rows} == {"Beta", "beta"}
        [one] = (await clients.page(ClientFilter(search=found.rows[0].client_id[:13]), by)).rows
        assert one == found.rows[0]
        for odd in ("%", "_", "\\", "'"):
            assert not (await clients.page(ClientFilter(search=odd), by)).rows
        await provisioning.set_client_status(server.parts, one.client_id, ClientStatus.INACTIVE)
        disabled = ClientFilter(status=ClientStatus.INACTIVE)
        assert [each.id for each in (await clients.page(disabled, by)).rows] == [one.id]
        assert not (await clients.page(ClientFilter(public=True), by)).rows
        counted = await clients.counts()
    assert counted == {ClientStatus.INACTIVE: 1, ClientStatus.ACTIVE: len(NAMES) - 1}


@pytest.mark.parametrize(
    "text",
    ["x", "é", "=" * 2000, "WzFd", "bnVsbA", "WyJuYW1lIiwgMSwgMiwgMywgNF0", "eyJhIjogMX0"],
)
async def test_a_cursor_that_no_list_gave_out_is_refused(many: Tenant, text: str) -> None:
    with use_tenant(many), pytest.raises(BadCursor):
        await clients.page(ClientFilter(), Order.of("name"), cursor=text)


async def test_a_cursor_of_another_order_is_refused(many: Tenant) -> None:
    with use_tenant(many):
        first = await clients.page(ClientFilter(), Order.of("name"), limit=2)
    with pytest.raises(BadCursor):
        Cursor.of(first.next or "", Order.of("created_at"), by_moment=True)
