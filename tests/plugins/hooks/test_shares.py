"""A plugin works in no tenant's scope, and what it asks for counts for that tenant all the same."""

import asyncio
from typing import cast
from uuid import UUID, uuid4

from authgate.plugin_api import HttpClient, HttpResponse
from authgate.plugin_manager.containment import Containment
from authgate.plugin_manager.provider_documents import ProviderDocuments
from authgate.plugin_manager.shares import Shares, plugin_works_for
from authgate_tenants.scope import tenant_in_scope


async def test_a_tenant_whose_plugin_hangs_takes_no_other_tenants_connections() -> None:
    """Whoever has many requests under way waits for its own, and nobody waits for it."""
    shares, let_go, others = Shares(2), asyncio.Event(), asyncio.Event()
    acme, globex = uuid4(), uuid4()
    containment, asked = Containment(), list[UUID]()

    async def request() -> None:
        assert tenant_in_scope() is None
        tenant = plugin_works_for.get()
        assert tenant is not None
        async with shares.place(tenant):
            asked.append(tenant)
            if tenant == globex:
                others.set()
            await let_go.wait()

    calls = [
        asyncio.create_task(
            containment.attempt(request, tenant_id=tenant, plugin="slow", budget=60)
        )
        for tenant in (acme, acme, acme, acme, globex)
    ]
    async with asyncio.timeout(30):
        await others.wait()
    assert sorted(asked) == sorted([acme, acme, globex]), "the others of acme wait for its own"
    let_go.set()
    await asyncio.gather(*calls)
    assert plugin_works_for.get() is None


async def test_a_providers_documents_are_asked_for_in_the_share_of_their_tenant() -> None:
    """All tenants would wait for the slow providers of one, if they were asked for in nobody's."""
    asked = dict[str, UUID | None]()

    class Noting:
        async def get(self, url: str, **_: object) -> HttpResponse:
            assert tenant_in_scope() is None
            asked[url] = plugin_works_for.get()
            return HttpResponse(status=200, headers={}, body=b"{}")

    documents = ProviderDocuments(cast("HttpClient", Noting()))
    tenants = {f"https://idp{number}.example/": uuid4() for number in range(2)}
    reading = (documents.of(tenant, "idp").read(url) for url, tenant in tenants.items())
    await asyncio.gather(*reading)
    assert asked == tenants
    assert plugin_works_for.get() is None
