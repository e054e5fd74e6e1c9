"""Whoever is killed, nothing is lost; and who reads the documentation receives what is sent."""

import asyncio
import re
from pathlib import Path
from typing import Any

from authgate.sealing.sealer import Sealer
from authgate.storage.webhooks.endpoints import WebhookEndpointRow
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.webhooks import delivering
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.hooks import Hook, happen
from authgate_testing.killed import killed_half_way

PAGE = Path(__file__).parents[2] / "docs/webhooks.md"


@on_postgres
async def test_who_is_killed_between_what_is_to_be_sent_and_its_place_has_done_neither(
    hook: Hook, acme: Tenant
) -> None:
    await happen(acme, "ada", "bert")
    with use_tenant(acme):
        await Sealer(hook.server.parts).seal()
        before = await WebhookEndpointRow.get(id=hook.id)
        await killed_half_way(hook.server.parts.settings, "hook_collector", acme.slug)
        assert (await WebhookEndpointRow.get(id=hook.id)).seq == before.seq
        assert await WebhookDelivery.all().count() == 0
    await hook.round()
    assert sorted(hook.whom()) == ["ada", "bert"]


@on_postgres
async def test_two_who_do_the_same_at_once_send_everything_once(hook: Hook, acme: Tenant) -> None:
    names = [f"u{number}" for number in range(12)]
    await happen(acme, *names)
    with use_tenant(acme):
        await Sealer(hook.server.parts).seal()
    await asyncio.gather(*(delivering.deliver_everywhere(hook.server.parts) for _ in range(3)))
    await hook.round()
    assert sorted(hook.whom()) == sorted(names)


@on_sqlite
async def test_one_who_took_it_and_was_killed_leaves_it_to_the_next_with_the_same_id(
    hook: Hook, acme: Tenant
) -> None:
    await happen(acme, "ada")
    await hook.round()
    with use_tenant(acme):
        # As if nobody had noted what was answered.
        await WebhookDelivery.all().update(status="pending")
    await hook.round(after=60)
    assert hook.whom() == ["ada", "ada"]
    assert len({each.headers["webhook-id"] for each in hook.host.asked}) == 1


@on_sqlite
async def test_the_receiver_of_the_documentation_believes_what_is_sent_and_nothing_else(
    hook: Hook, acme: Tenant
) -> None:
    code = re.search(r"<!-- verified -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code is not None
    known: dict[str, Any] = {}
    exec(code[1], known)  # noqa: S102  # our own page
    await happen(acme, "ada")
    await hook.round()
    [asked] = hook.host.asked
    message = known["receive"](dict(asked.headers), asked.body, hook.secret)
    assert message["data"]["resource_id"] == "ada"
    assert known["receive"](dict(asked.headers), asked.body + b" ", hook.secret) is None
