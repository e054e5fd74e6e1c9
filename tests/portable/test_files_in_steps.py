"""A file that an owner has asked for is written by one job after the other, whoever is killed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from authgate import background, installation, portable, storage
from authgate.audit import SYSTEM
from authgate.exports import writing
from authgate.exports.writing import TooManyExports
from authgate.installation import Installation
from authgate.jobs import Result, WriteExport
from authgate.portable import Choice, Wanted, requests
from authgate.portable import exports as whole_files
from authgate.portable.document import schema
from authgate.portable.requests import TenantWriter
from authgate.settings import Settings
from authgate.storage import export_files
from authgate.storage.export_files import ExportPiece, ExportState, Overtaken
from authgate.storage.grants import consents
from authgate.storage.people import users
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export, ExportRow
from authgate_tenants import use_tenant
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.killed import killed_half_way
from authgate_testing.lived import PASSPHRASE, Lived, exported, keep

WHOLE = Choice(PASSPHRASE, signing_keys=True)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PIECE", 3000)
    monkeypatch.setattr(whole_files, "_IN_FLIGHT", timedelta())


@asynccontextmanager
async def asked(lived: Lived) -> AsyncIterator[tuple[Installation, Export]]:
    """A file is wanted, and nobody is there who would write it by himself."""
    async with installation.opened(lived.settings) as parts:
        with use_tenant(lived.tenant):
            wanted = await requests.request(
                parts, passphrase=PASSPHRASE, signing_keys=True, actor=SYSTEM
            )
        yield parts, wanted


async def stored() -> list[tuple[UUID, bytes]]:
    """The pieces of the only file."""
    rows = await ExportPiece.all().order_by("number")
    assert [each.number for each in rows] == list(range(len(rows)))
    return [(each.id, bytes(each.content)) for each in rows]


async def _come_late(parts: Installation) -> None:
    """Somebody whom the file does not hold, and does something that it would."""
    if await users.find_by_login("late") is None:
        late = await users.create(
            username="late", name="Late", email=None, email_verified=False, password_hash=""
        )
        await consents.grant(late.id, "console", ["openid"], now=parts.clock())


async def round_of(parts: Installation) -> None:
    """What is done again and again."""
    performer = background.performer(parts)
    assert await performer.perform(WriteExport(), tenant_id=None) is Result.DONE


async def test_whoever_is_killed_over_a_file_has_left_what_another_one_goes_on_with(
    lived: Lived,
) -> None:
    async with asked(lived) as (parts, wanted):
        await killed_half_way(lived.settings, "file_writer", str(lived.tenant.id), str(wanted.id))
        with use_tenant(lived.tenant):
            half = await stored()
            row = await ExportRow.get(id=wanted.id)
            assert (row.state, len(half) > 2) == (ExportState.WRITING, True)
            assert row.size == sum(len(content) for _, content in half)
        await round_of(parts)
        with use_tenant(lived.tenant):
            assert await stored() == half, "whoever was killed could still be writing"
            silent = parts.clock() - export_files.SILENCE
            await ExportRow.filter(id=wanted.id).update(touched_at=silent)
        await round_of(parts)
        await round_of(parts)
        with use_tenant(lived.tenant):
            whole, row = await stored(), await ExportRow.get(id=wanted.id)
        file = b"".join(content for _, content in whole)
        assert (row.state, row.sealed_passphrase) == (ExportState.READY, None)
        assert whole[: len(half)] == half, "nothing is written twice"
        assert (row.size, row.rows) == (len(file), file.count(b"\n"))
        assert row.sha256 == sha256(file).hexdigest()
        assert file == await exported(parts, lived.tenant, WHOLE)


@on_sqlite
async def test_a_job_hands_a_file_over_to_the_next_one_and_it_holds_what_there_was_at_first(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SECONDS", -1.0)
    async with asked(lived) as (parts, wanted):
        expected = await exported(parts, lived.tenant, WHOLE)
        with use_tenant(lived.tenant):
            while (row := await ExportRow.get(id=wanted.id)).state is ExportState.WAITING:
                assert row.attempts == 0
                if row.position and row.position["part"] == "consents":
                    await _come_late(parts)
                await requests.write(parts, wanted.id)
            pieces = await stored()
        file = b"".join(content for _, content in pieces)
        assert (row.state, row.sha256) == (ExportState.READY, sha256(file).hexdigest())
        assert (len(pieces) > 20, b'"late"' in file) == (True, False)
        assert file == expected
    keep(lived.file, file)
    async with installation.opened(elsewhere) as parts:
        assert (await portable.bring_in(parts, lived.file, Wanted(PASSPHRASE), actor=SYSTEM)).slug


@on_sqlite
async def test_a_tenants_files_take_no_more_than_the_installation_gives_them(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "GIGABYTE", 1000)
    async with asked(lived) as (parts, wanted):
        with use_tenant(lived.tenant):
            await requests.write(parts, wanted.id)
            row = await ExportRow.get(id=wanted.id)
            assert (row.state, row.sealed_passphrase) == (ExportState.FAILED, None)
            assert await stored() == []
            assert (row.rows > 0, row.size) == (True, 0), "some of it was there"
            now, mine = parts.clock(), ExportRow.filter(id=wanted.id)
            for more, size in (
                ({"state": ExportState.FAILED}, 0),
                ({"state": ExportState.READY}, 7),
                ({"expires_at": now}, 0),
            ):
                await mine.update(size=7, **more)
                assert await export_files.used(ExportRow, besides=uuid4(), now=now) == size, more


@on_sqlite
async def test_who_is_killed_behind_the_last_line_has_left_a_file_that_is_whole(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise ConnectionAbortedError

    async with asked(lived) as (parts, wanted):
        with use_tenant(lived.tenant):
            with monkeypatch.context() as patch:
                patch.setattr(TenantWriter, "leave", killed)
                with pytest.raises(ConnectionAbortedError):
                    await requests.write(parts, wanted.id)
            written = await stored()
            silent = parts.clock() - export_files.SILENCE
            await ExportRow.filter(id=wanted.id).update(touched_at=silent)
            await requests.write(parts, wanted.id)
            row = await ExportRow.get(id=wanted.id)
            assert await stored() == written
        file = b"".join(content for _, content in written)
        assert (row.state, row.size) == (ExportState.READY, len(file))
        assert row.sha256 == sha256(file).hexdigest()
        assert file == await exported(parts, lived.tenant, WHOLE)


@on_sqlite
async def test_who_looks_while_the_slow_one_writes_on_puts_nothing_back(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ExportRow.get_or_none
    async with asked(lived) as (parts, wanted):
        now = parts.clock()
        with use_tenant(lived.tenant):
            slow = await export_files.begin(
                ExportRow, wanted.id, schema=schema(), now=now - export_files.SILENCE
            )
            assert slow is not None

            async def read_before_that(**which: Any) -> ExportRow | None:
                read = await found(**which)
                async with storage.transaction():
                    await export_files.write(
                        slow, b"more\n", rows=1, position={"part": "users"}, now=now
                    )
                return read

            monkeypatch.setattr(ExportRow, "get_or_none", read_before_that)
            assert await export_files.begin(ExportRow, wanted.id, schema=schema(), now=now) is None
            row = await ExportRow.get(id=wanted.id)
            assert (row.writer, row.size) == (slow.writer, 5)


@on_sqlite
async def test_who_reads_for_long_what_there_is_says_so_and_stops_where_another_one_goes_on(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SECONDS", -1.0)
    monkeypatch.setattr(writing, "TELLS_SECONDS", -1.0)
    async with asked(lived) as (parts, wanted):
        with use_tenant(lived.tenant):
            await requests.write(parts, wanted.id)
            began = parts.clock() - export_files.SILENCE
            row = await export_files.begin(ExportRow, wanted.id, schema=schema(), now=began)
            assert row is not None
            await TenantWriter(parts, row).gone_on()
            assert (await ExportRow.get(id=wanted.id)).touched_at > began
            await ExportRow.filter(id=wanted.id).update(writer=uuid4())
            with pytest.raises(Overtaken):
                await TenantWriter(parts, row).gone_on()


@on_postgres
async def test_of_files_that_are_asked_for_at_once_one_is_written(lived: Lived) -> None:
    async with installation.opened(lived.settings) as parts:

        def request() -> Coroutine[Any, Any, Export]:
            return requests.request(parts, passphrase=PASSPHRASE, signing_keys=False, actor=SYSTEM)

        with use_tenant(lived.tenant):
            asked = [request() for _ in range(exports.MOST)]
            ended = await asyncio.gather(*asked, return_exceptions=True)
            assert sum(isinstance(each, TooManyExports) for each in ended) == exports.MOST - 1
            assert await ExportRow.all().count() == 1
