"""A file of the log is written by one job after the other, whoever is killed and whatever happens
meanwhile."""

import asyncio
import gzip
import json
from hashlib import sha256
from itertools import count

import pytest

from authgate import background, installation, provisioning, storage
from authgate.audit import SYSTEM, Actor, Event, record
from authgate.exports import audit_log, writing
from authgate.installation import Installation
from authgate.jobs import ExportAudit, Result
from authgate.settings import Settings
from authgate.storage import export_files
from authgate.storage.audit import export_rows, exports
from authgate.storage.audit.exports import AuditExportRow, LogFormat, Wanted
from authgate.storage.export_files import ExportPiece, ExportState
from authgate.storage.people import directory, users
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.killed import killed_half_way
from authgate_testing.logged import fill, ids

EVERYTHING = Wanted(LogFormat.JSONL, bom=False, chosen={})


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PIECE", 3000)
    monkeypatch.setattr(export_rows, "PAGE", 10)


async def inhabited(parts: Installation) -> Tenant:
    """A tenant in which something has happened."""
    tenant = await provisioning.add_tenant(parts, slug="acme", name="Acme")
    await fill(tenant, (Actor("user", str(each)) for each in range(200)))
    return tenant


async def stored() -> list[bytes]:
    """The pieces of the only file, as they are taken."""
    rows = await ExportPiece.all().order_by("number")
    assert [each.number for each in rows] == list(range(len(rows)))
    return [gzip.decompress(bytes(each.content)) for each in rows]


def told_of(file: bytes) -> list[str]:
    return [json.loads(each)["id"] for each in file.splitlines()]


async def round_of(parts: Installation) -> None:
    """What is done again and again."""
    performer = background.performer(parts)
    assert await performer.perform(ExportAudit(), tenant_id=None) is Result.DONE


async def test_ex_11_whoever_is_killed_has_left_what_another_one_goes_on_with(
    settings: Settings,
) -> None:
    async with installation.opened(settings) as parts:
        tenant = await inhabited(parts)
        expected = await ids(tenant)
        with use_tenant(tenant):
            asked = await audit_log.request(parts, EVERYTHING, actor=SYSTEM)
        await killed_half_way(settings, "log_writer", str(tenant.id), str(asked.id))
        with use_tenant(tenant):
            half, row = await stored(), await AuditExportRow.get(id=asked.id)
            assert (row.state, row.total, len(half)) == (ExportState.WRITING, len(expected), 4)
            assert 0 < row.rows < len(expected)
        await round_of(parts)
        with use_tenant(tenant):
            assert await stored() == half, "whoever was killed could still be writing"
            silent = parts.clock() - export_files.SILENCE
            await AuditExportRow.all().update(touched_at=silent)
        await fill(tenant, [Actor("user", "later")])
        await round_of(parts)
        with use_tenant(tenant):
            whole, row = await stored(), await AuditExportRow.get(id=asked.id)
        file = b"".join(whole)
        assert (row.state, row.rows, row.length) == (ExportState.READY, len(expected), len(file))
        assert whole[:4] == half, "nothing is written twice"
        assert row.sha256 == sha256(file).hexdigest()
        assert told_of(file) == expected


async def test_ex_10_a_file_that_is_written_while_much_happens_shows_one_moment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SECONDS", -1.0)
    async with installation.opened(settings) as parts:
        tenant = await inhabited(parts)
        with use_tenant(tenant):
            asked = await audit_log.request(parts, EVERYTHING, actor=SYSTEM)

            async def happening() -> None:
                for number in count():
                    await record(Event.LOGOUT, actor=Actor("user", f"later-{number}"))

            async def refused() -> None:
                # Gone again: what is rolled back was never there.
                while True:
                    async with storage.transaction() as unit:
                        await record(Event.LOGOUT, actor=Actor("user", "never"))
                        unit.doom()

            expected = (await ids(tenant))[:-1]
            busy = [asyncio.create_task(each) for each in (happening(), refused())]
            jobs = 0
            while (row := await AuditExportRow.get(id=asked.id)).state is not ExportState.READY:
                assert row.state is ExportState.WAITING
                await audit_log.write(parts, asked.id)
                jobs += 1
            for each in busy:
                each.cancel()
            await asyncio.gather(*busy, return_exceptions=True)
            file = b"".join(await stored())
        assert told_of(file) == expected
        assert jobs > 15
        assert len(await ids(tenant)) > len(expected) + 10, "much has happened"


@on_postgres
async def test_what_a_transaction_holds_that_is_open_comes_in_as_well(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with installation.opened(settings) as parts:
        tenant = await inhabited(parts)
        begun, asked_for = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            with use_tenant(tenant):
                async with storage.transaction():
                    await record(Event.LOGOUT, actor=Actor("user", "slow"))
                    begun.set()
                    await asked_for.wait()

        task = asyncio.create_task(slow())
        await begun.wait()
        with use_tenant(tenant):
            asked = await audit_log.request(parts, EVERYTHING, actor=SYSTEM)
            monkeypatch.setattr(audit_log, "_PATIENCE_SECONDS", -1.0)
            await audit_log.write(parts, asked.id)
            row = await AuditExportRow.get(id=asked.id)
            assert (row.state, row.attempts, row.total) == (ExportState.WAITING, 0, None)
            asked_for.set()
            await task
            await round_of(parts)
            row = await AuditExportRow.get(id=asked.id)
            assert row.state is ExportState.READY
            assert b'"slow"' in b"".join(await stored())


@on_sqlite
async def test_of_whoever_is_gone_or_not_served_nothing_is_written_and_nothing_left(
    settings: Settings,
) -> None:
    async with installation.opened(settings) as parts:
        tenant = await inhabited(parts)
        job = background.performer(parts)
        with use_tenant(tenant):
            mira = await users.create(username="mira")
            actor = Actor("user", str(mira.id), "mira")
            asked = await audit_log.request(parts, EVERYTHING, actor=actor)
        await provisioning.set_tenant_status(parts, tenant, TenantStatus.SUSPENDED)
        await silenced(parts, tenant)
        ended = await job.perform(ExportAudit(str(asked.id)), tenant_id=tenant.id)
        assert ended is Result.SUSPENDED
        await round_of(parts)
        with use_tenant(tenant):
            assert (await AuditExportRow.get(id=asked.id)).state is ExportState.WAITING
            await audit_log.write(parts, asked.id)
            assert await stored()
            assert await directory.remove(mira.id)
            assert (await stored(), await exports.every(now=parts.clock())) == ([], [])


async def silenced(parts: Installation, tenant: Tenant) -> None:
    with use_tenant(tenant):
        await AuditExportRow.all().update(touched_at=parts.clock() - export_files.SILENCE)
