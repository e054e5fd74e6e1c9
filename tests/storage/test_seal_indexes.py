"""Of a log with very many seals those that are asked for are found without reading the others."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from tortoise import connections

from authgate.storage import connection
from authgate.storage.audit import audit_seals
from authgate_tenants import Tenant, use_tenant

MANY = 5_000
_COLUMNS = (
    "id, tenant_id, first_seq, last_seq, members, root, previous, digest, signature, signer,"
    " sealed_at, newest_at, checkpoint_at"
)
_SEALS = {
    "postgres": (
        f"INSERT INTO audit_seals ({_COLUMNS}) SELECT gen_random_uuid(), '{{tenant}}', n, n,"  # noqa: S608
        " '', '', '', '', '', '', now(), now(), now() FROM generate_series(1, {many}) n"
    ),
    "sqlite": (
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {many})"  # noqa: S608
        f" INSERT INTO audit_seals ({_COLUMNS})"
        " SELECT printf('00000000-0000-0000-0000-%012d', n),"
        " '{tenant}', n, n, x'', x'', x'', x'', x'', x'',"
        " '2026-01-01', '2026-01-01', '2026-01-01' FROM s"
    ),
}


async def test_seals_are_found_by_where_they_end_and_by_what_became_of_them(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connections.get("default")
    with use_tenant(acme):
        made = _SEALS[connection.dialect()].format(tenant=acme.id, many=MANY)
        await client.execute_query(made)
        plans = [
            await _plan(monkeypatch, lambda: audit_seals.reaching(MANY - 1)),
            await _plan(monkeypatch, lambda: audit_seals.ending_at([MANY - 1])),
            await _plan(monkeypatch, lambda: audit_seals.gone(limit=9)),
            await _plan(monkeypatch, audit_seals.folded),
        ]
        [found] = await audit_seals.ending_at([MANY - 1])
        assert await audit_seals.reaching(MANY - 1) == found
    expected = [["ends"], ["ends"], ["folded", "gone"], ["folded"]]
    for plan, names in zip(plans, expected, strict=True):
        assert len(plan) == len(names), plan
        for line, name in zip(plan, names, strict=True):
            assert f"audit_seals_{name}" in line, line
            assert "Seq Scan" not in line, line


async def _plan(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[], Awaitable[object]]
) -> Sequence[str]:
    """How the database finds what is asked, statement by statement."""
    client, asked = connections.get("default"), []
    execute = type(client).execute_query
    explain = "EXPLAIN QUERY PLAN" if connection.dialect() == "sqlite" else "EXPLAIN"

    async def noted(self: Any, query: str, values: Any = None) -> Any:
        asked.append((query, values))
        return await execute(self, query, values)

    with monkeypatch.context() as patched:
        patched.setattr(type(client), "execute_query", noted)
        await ask()
    plans = []
    for query, values in asked:
        _, lines = await execute(client, f"{explain} {query}", values)
        told = [line.values() if hasattr(line, "values") else line for line in lines]
        plans.append("\n".join(str(tuple(each)) for each in told))
    return plans
