"""A tenant's tokens, as its administrators see and end them."""

from uuid import UUID

import pytest

from authgate import provisioning
from authgate.provisioning import NewClient, UnknownToken
from authgate.storage.audit import audit_events
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import TokenFilter
from authgate.vocabulary import TokenStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer


async def issued(server: RunningServer, tenant: Tenant, machine: NewClient) -> str:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    token: str = answer.json()["access_token"]
    return token


async def status(server: RunningServer, tenant: Tenant, token: str) -> int:
    bearer = {"Authorization": f"Bearer {token}"}
    return (await server.http.get(f"{tenant.issuer}/oauth/tokeninfo", headers=bearer)).status_code


async def test_a_disabled_token_comes_back_and_a_revoked_one_does_not(
    server: RunningServer, acme: Tenant, globex: Tenant, machine: NewClient
) -> None:
    token = await issued(server, acme, machine)
    with use_tenant(acme):
        [row] = (await tokens.page(TokenFilter())).rows
        assert await status(server, acme, token) == 200
        await provisioning.disable_token(row.id)
        assert await status(server, acme, token) == 401
        with pytest.raises(UnknownToken):
            await provisioning.disable_token(row.id)
        await provisioning.enable_token(row.id)
        assert await status(server, acme, token) == 200
    with use_tenant(globex):
        for attempt in (provisioning.revoke_token, provisioning.disable_token):
            with pytest.raises(UnknownToken):
                await attempt(row.id)
    with use_tenant(acme):
        await provisioning.disable_token(row.id)
        await provisioning.revoke_token(row.id)
        for again in (provisioning.enable_token, provisioning.revoke_token):
            with pytest.raises(UnknownToken):
                await again(row.id)
        told = [each.event_type for each in await audit_events.latest(limit=4)]
    assert await status(server, acme, token) == 401
    assert told == ["TOKEN_DISABLED", "TOKEN_ENABLED", "TOKEN_DISABLED", "TOKEN_REVOKED"]


async def test_tokens_are_listed_by_the_page_the_newest_first(
    server: RunningServer, acme: Tenant, globex: Tenant, machine: NewClient
) -> None:
    for _ in range(5):
        await issued(server, acme, machine)
    with use_tenant(globex):
        assert not (await tokens.page(TokenFilter())).rows
    seen: list[UUID] = []
    with use_tenant(acme):
        page = await tokens.page(TokenFilter(), limit=2)
        seen += [each.id for each in page.rows]
        while page.next:
            page = await tokens.page(TokenFilter(), cursor=page.next, limit=2)
            seen += [each.id for each in page.rows]
        assert page.previous is not None
        back = await tokens.page(TokenFilter(), cursor=page.previous, limit=2)
        assert [each.id for each in back.rows] == seen[2:4]
        await provisioning.revoke_token(seen[0])
        ended = await tokens.page(TokenFilter(status=TokenStatus.REVOKED))
        assert [each.id for each in ended.rows] == seen[:1]
        assert not (await tokens.page(TokenFilter(client_id="another"))).rows
        server.clock.advance(7200)
        assert not (await tokens.page(TokenFilter(live_at=server.clock()))).rows
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
