"""Whatever an operator looks at of a tenant, from outside or as a guest, and whoever is at the
machine, is in that tenant's log (CVE-2025-55241 left nothing there)."""

import re
from collections.abc import Iterator
from http import HTTPMethod
from typing import Any, cast

from quart import Quart

from authgate.audit import Actor, Event
from authgate.operator import looks as operator_looks
from authgate.operator.catalogue import OPERATIONS
from authgate.operator.places import CONSOLE
from authgate.provisioning import looks
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

TELLS_OF_NONE = {
    ("GET", "/tenants"): "a list of all: names, addresses, plans, statuses",
    ("GET", "/deletions"): "a list of all that leave",
    ("GET", "/tenants/{tenant_id}/deletion"): "the certificate of a tenant whose log is gone",
    ("GET", "/usage"): "sums of all",
    ("GET", "/usage/statements"): "sums of all",
    ("GET", "/usage/statement-keys"): "keys of the installation",
    ("GET", "/plans"): "the installation's own",
    ("GET", "/plans/{plan}"): "the installation's own",
    ("GET", "/imports"): "files of tenants that are not there yet",
    ("GET", "/imports/{import_id}"): "a file of a tenant that is not there yet",
    ("GET", "/sign-up-invitations"): "people who have no tenant yet",
    ("GET", "/announcements"): "what operators tell",
    ("GET", "/overview"): "sums of all",
    ("GET", "/system"): "the installation's own",
}
"""What is read of no one tenant, and why no tenant's log tells it."""


async def areas(ledger: Ledger, tenant: Tenant) -> list[str]:
    viewed = await ledger.events(tenant, Event.TENANT_DATA_VIEWED)
    return [each.details["area"] for each in viewed]


@on_sqlite
async def test_au_10_each_read_of_a_tenant_by_the_operator_api_is_in_that_tenants_log(
    operator: ApiClient, acme: Tenant, globex: Tenant, ledger: Ledger
) -> None:
    read = {(each.method.value, each.path) for each in OPERATIONS if not each.changes}
    assert read >= set(TELLS_OF_NONE)
    for method, path in sorted(read - set(TELLS_OF_NONE)):
        assert "{tenant_id}" in path, (path, "say why no log tells it")
        before = await areas(ledger, acme)
        where = path.format(tenant_id=acme.id, month="2026-01")
        for _ in range(2):
            await operator.call(HTTPMethod(method), where)
        after = await areas(ledger, acme)
        assert len(after) == len(before) + 1, path
        assert after[-1].startswith("operator:"), path
    [event, *_] = await ledger.events(acme, Event.TENANT_DATA_VIEWED)
    assert (event.actor_type, event.actor_id != "", event.actor_name) == ("operator", True, "")
    assert await areas(ledger, globex) == []


@on_sqlite
async def test_two_people_at_the_machine_are_two_and_a_program_looks_once_a_day(
    server: RunningServer, ops: Tenant, acme: Tenant, globex: Tenant, ledger: Ledger
) -> None:
    with use_tenant(acme):
        for name in ("mira", "jon", "mira"):
            await looks.note(Actor("system", name=name), "command:users", now=server.clock())
    assert await areas(ledger, acme) == ["command:users"] * 2
    for hours, there in ((0, 1), (1, 1), (22, 1), (2, 2)):
        server.clock.advance(hours * 3600)
        with use_tenant(ops):
            await operator_looks.note(server.parts, globex, "tenant", by=Actor("client", "watch"))
        assert await areas(ledger, globex) == ["operator:tenant"] * there


def pages_of_a_tenant(server: RunningServer) -> Iterator[str]:
    people: Quart = cast(Any, cast(Wiretap, server.transport.app).app)._people
    for rule in people.url_map.iter_rules():
        if rule.rule.startswith(f"{CONSOLE}/tenants/<") and "GET" in (rule.methods or set()):
            yield rule.rule


@on_sqlite
async def test_au_10_each_page_of_a_tenant_that_an_operator_opens_is_in_that_tenants_log(
    server: RunningServer,
    at_browser: Person,
    ops: Tenant,
    acme: Tenant,
    ledger: Ledger,
) -> None:
    rules = sorted(pages_of_a_tenant(server))
    assert len(rules) > 3
    for rule in rules:
        await at_browser.visit(f"{ops.issuer}{re.sub('<[a-z_]+>', str(acme.id), rule)}")
    seen = await areas(ledger, acme)
    assert {each.removeprefix("operator:") for each in seen} == {
        rule.rpartition(">")[2].strip("/") or "tenant" for rule in rules
    }
