"""A file that an owner has asked for is written by one job after the other, whoever is killed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from authgate import background, installation, portable
from authgate.audit import SYSTEM
from authgate.installation import Installation
from authgate.jobs import Result, WriteExport
from authgate.portable import Choice, Wanted, requests
from authgate.portable import exports as writing
from authgate.settings import Settings
from authgate.storage.grants import consents
from authgate.storage.people import users
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export, ExportPiece, ExportRow, ExportState
from authgate_tenants import use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.lived import PASSPHRASE, Lived, exported, keep
from authgate_testing.terminal import environment

SERVICES = Path(__file__).parent.parent / "services"
WHOLE = Choice(PASSPHRASE, signing_keys=True)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_PIECE", 3000)
    monkeypatch.setattr(writing, "_IN_FLIGHT", timedelta())


@asynccontextmanager
async def asked(lived: Lived) -> AsyncIterator[tuple[Installation, Export]]:
    """A file is wanted, and nobody is there who would write it by himself."""
    async with installation.opened(lived.settings) as parts:
        with use_tenant(lived.tenant):
            wanted = await requests.request(
                parts, passphrase=PASSPHRASE, signing_keys=True, actor=SYSTEM
            )
        yield parts, wanted


async def killed_half_way(settings: Settings, lived: Lived, export_id: UUID) -> None:
    """Another process that does the job until half of the file is written."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "authgate_testing.file_writer"),
        *(str(lived.tenant.id), str(export_id)),
        env=environment(settings) | {"PYTHONPATH": str(SERVICES)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while (said := await process.stdout.readline()) != b"half\n":
                assert said, "it has ended"  # the others are its log
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


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
        await killed_half_way(lived.settings, lived, wanted.id)
        with use_tenant(lived.tenant):
            half = await stored()
            row = await ExportRow.get(id=wanted.id)
            assert (row.state, len(half) > 2) == (ExportState.WRITING, True)
            assert row.size == sum(len(content) for _, content in half)
        await round_of(parts)
        with use_tenant(lived.tenant):
            assert await stored() == half, "whoever was killed could still be writing"
            silent = parts.clock() - exports.SILENCE
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
    monkeypatch.setattr(requests, "_SECONDS", -1.0)
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
    monkeypatch.setattr(requests, "_GIGABYTE", 200)
    async with asked(lived) as (parts, wanted):
        with use_tenant(lived.tenant):
            await requests.write(parts, wanted.id)
            row = await ExportRow.get(id=wanted.id)
            assert (row.state, row.sealed_passphrase) == (ExportState.FAILED, None)
            assert await stored() == []
