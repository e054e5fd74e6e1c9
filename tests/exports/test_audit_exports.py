"""``/api/v1/audit-exports``: the log as a file, all of it, whatever is in it."""

import csv
import hashlib
import io
import json
import re

import orjson
import pytest

from authgate.audit import Actor, Event
from authgate.exports import audit_lines, writing
from authgate.storage.audit import exports
from authgate.storage.audit.exports import AuditExportRow
from authgate.storage.export_files import ExportPiece, ExportState
from authgate.web import csv_table
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.logged import ended, fill, ids, taken, written
from authgate_testing.server import RunningServer

NASTY = (
    '=HYPERLINK("https://evil.example","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\uff1d1+1",
    " =1",
    "'=1",
    "x;=1",
    "x\t=1",
    "x\r\n=1",
    "x;' \uff1d1;'=1;;=1",
    'x;"=1;',
    "'plain",
    'quo"ted, and, more\r\nthan one\nline',
    "NUL\u0001\u007f\u2028",
    "Ålice \U0001f600",
)


def table(content: str) -> list[list[str]]:
    """The cells of a file, as a program reads them that knows RFC 4180."""
    return list(csv.reader(io.StringIO(content, newline=""), strict=True))


@on_sqlite
async def test_ex_03_a_file_holds_all_of_ten_thousand_and_one_events(
    acme: Tenant, globex: Tenant, api: ApiClient
) -> None:
    await fill(globex, [Actor("user", "theirs")])
    await fill(acme, (Actor("user", str(each)) for each in range(10_001)))
    expected = await ids(acme)
    told = await written(api, {"format": "jsonl"})
    assert (told["state"], told["rows"], told["total"]) == ("ready", len(expected), len(expected))
    assert (told["percent"], len(expected) > 10_001) == (100, True)
    parts = await taken(api, told["id"])
    whole = "".join(parts)
    assert len(parts) > 1
    assert all(each.endswith("\n") for each in parts), "whole lines"
    assert told["sha256"] == hashlib.sha256(whole.encode()).hexdigest()
    assert told["size"] == len(whole.encode())
    assert [json.loads(each)["id"] for each in whole.splitlines()] == expected
    with use_tenant(acme):
        row = await AuditExportRow.get(id=told["id"])
        pieces = await ExportPiece.filter(attempt=row.attempt).values_list("content", flat=True)
    assert row.size == sum(len(bytes(each)) for each in pieces), "what they take of the room"
    assert row.size * 5 < row.length


async def test_ex_01_02_what_is_in_a_table_is_calculated_by_nobody_and_comes_out_as_it_went_in(
    acme: Tenant, api: ApiClient
) -> None:
    await fill(acme, (Actor("user", str(n), name) for n, name in enumerate(NASTY)))
    told = await written(api, {"format": "csv", "bom": True, "types": "LOGOUT"})
    [content] = await taken(api, told["id"])
    assert content.startswith("\ufeffid,occurred_at,")
    head, *rows = table(content.removeprefix("\ufeff"))
    assert tuple(head) == audit_lines.COLUMNS
    names = [row[head.index("actor_name")] for row in rows]
    assert [csv_table.told(each) for each in names] == list(NASTY)
    cells = [each for row in rows for cell in row for each in re.split("[;\t\r\n]", cell)]
    assert not any(each.lstrip(' "').startswith(tuple("=+-@\uff1d")) for each in cells)
    assert "\ufeff" not in (await taken(api, (await written(api, {"format": "csv"}))["id"]))[0]


def test_ex_02_in_a_cell_of_json_nothing_begins_a_formula_and_it_says_the_same() -> None:
    details = {"a": "x;=1", "b;": -1, "c": ['; "=1', ";\uff1d1", "a=b", ";\t=1"]}
    told = csv_table.json(orjson.dumps(details).decode())
    assert json.loads(told) == details
    [row] = table(csv_table.line([told]))
    assert row == [told]
    assert not any(each.lstrip(' "').startswith(tuple("=+-@\uff1d")) for each in told.split(";"))


@on_sqlite
async def test_a_file_holds_what_is_chosen_and_happened_before_it_was_asked_for(
    acme: Tenant, api: ApiClient, ledger: Ledger
) -> None:
    await fill(acme, [Actor("user", "mira", "Mira"), Actor("user", "noor", "Noor")])
    [first, second] = await ledger.events(acme, Event.LOGOUT)

    async def chosen(**said: object) -> list[str]:
        made = await written(api, {"format": "jsonl", "types": "LOGOUT", **said})
        lines = "".join(await taken(api, made["id"])).splitlines()
        assert made["rows"] == len(lines)
        assert made["total"] == (None if "ip" in said else len(lines))
        return [json.loads(each)["id"] for each in lines]

    one, other, moment = str(first.id), str(second.id), second.occurred_at.isoformat()
    assert await chosen(actor_type="user", actor_id="mira") == [one]
    assert await chosen(search="NOOR") == [other]
    assert await chosen(since=moment) == [other]
    assert await chosen(to=moment) == [one]
    assert await chosen(success=False) == []
    assert await chosen(severities="CRITICAL") == []
    assert await chosen(ip="192.0.2.0/24") == []
    assert await chosen(types="LOGOUT,AUDIT_EXPORT_REQUESTED", search="mira")
    asked = await ledger.events(acme, Event.AUDIT_EXPORT_REQUESTED)
    [first_asked, *_] = asked
    assert first_asked.details["chosen"] == {
        "types": ["LOGOUT"],
        "actor_type": "user",
        "actor_id": "mira",
    }
    assert len(await ledger.events(acme, Event.AUDIT_EXPORT_DOWNLOADED)) == len(asked) == 8
    for wrong in (
        {"format": "xls"},
        {"format": "csv", "types": "NO_SUCH"},
        {"format": "csv", "since": "2026-03-01T00:00:00"},
        {},
    ):
        assert is_problem(await api.post("/audit-exports", wrong), 422, "invalid"), wrong


@on_sqlite
async def test_ti_18_another_tenant_knows_nothing_of_a_file(
    acme: Tenant, api: ApiClient, foreign_api: ApiClient
) -> None:
    told = await written(api, {"format": "csv"})
    one = f"/audit-exports/{told['id']}"
    assert (await foreign_api.get("/audit-exports")).json() == {"items": []}
    assert is_problem(await foreign_api.get(one), 404, "not-found")
    assert is_problem(await foreign_api.post(f"{one}/content", {}), 404, "not-found")
    assert is_problem(await foreign_api.delete(one), 404, "not-found")
    assert (await api.get(one)).json() == told
    theirs = (await written(foreign_api, {"format": "csv"}))["id"]
    mine = f"{one}/content"
    cursor = (await foreign_api.post(f"/audit-exports/{theirs}/content", {})).json()["next"]
    assert cursor is None
    assert is_problem(await api.post(mine, {"cursor": "bm90aGluZw=="}), 400, "bad-cursor")


@on_sqlite
async def test_one_is_written_at_a_time_and_whoever_deletes_it_ends_it(
    server: RunningServer, acme: Tenant, api: ApiClient, ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(exports, "MOST", 2)
    with monkeypatch.context() as patch:
        # Nothing is settled for as long as this lasts.
        patch.setattr(writing, "PIECE", 1)
        made = (await api.post("/audit-exports", {"format": "csv"})).json()["id"]
        with use_tenant(acme):
            await AuditExportRow.all().update(state=ExportState.WRITING)
        assert is_problem(await api.post("/audit-exports", {"format": "csv"}), 409, "conflict")
        assert is_problem(await api.post(f"/audit-exports/{made}/content", {}), 409, "conflict")
        assert (await api.delete(f"/audit-exports/{made}")).status_code == 204
        assert is_problem(await api.delete(f"/audit-exports/{made}"), 404, "not-found")
        with use_tenant(acme):
            assert not await AuditExportRow.all().exists()
            assert not await ExportPiece.all().exists()
        [gone] = await ledger.events(acme, Event.AUDIT_EXPORT_DELETED)
        assert gone.resource_id == made
    for _ in range(2):
        await written(api, {"format": "csv"})
    assert is_problem(await api.post("/audit-exports", {"format": "csv"}), 409, "conflict")
    monkeypatch.setattr(exports, "MOST", 10)
    monkeypatch.setattr(writing, "GIGABYTE", 1)
    failed = await written(api, {"format": "csv"})
    assert (failed["state"], failed["sha256"]) == ("failed", "")
    assert await ended(api, failed["id"]) == failed
