"""Files that operators have sent, where something goes wrong while they are read."""

import asyncio
from contextvars import Context
from typing import Any

import pytest

from authgate.jobs import Result
from authgate.operator import arrivals as reading
from authgate.portable import bring_in
from authgate.settings import Settings
from authgate.storage.tenants import imports
from authgate.storage.tenants.imports import ImportPiece, ImportRow, ImportState
from authgate_tenants import use_tenant
from authgate_testing.api import is_problem
from authgate_testing.arriving import HERE, Arrivals, arrivals, packed_as
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.lived import PASSPHRASE, Lived

pytestmark = pytest.mark.usefixtures("nothing_scheduled")


@on_postgres  # from there: it would be read in at the other one
async def test_where_nobody_could_be_served_meanwhile_nothing_is_sent(elsewhere: Settings) -> None:
    async with arrivals(elsewhere) as here:
        await _is_refused(here)


@on_sqlite  # from there: it would be read in at the other one
async def test_where_the_only_connection_would_be_taken_nothing_is_sent(
    elsewhere: Settings,
) -> None:
    one = elsewhere.database.model_copy(update={"pool_size": 1})
    async with arrivals(elsewhere.model_copy(update={"database": one})) as here:
        await _is_refused(here)


@on_sqlite
async def test_limits_of_what_is_sent_are_told(
    elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with arrivals(elsewhere) as here:
        bad = await here.api.post(HERE, {"passphrase": PASSPHRASE, "slug": "-"})
        assert is_problem(bad, 422, "invalid")
        assert [each["pointer"] for each in bad.json()["errors"]] == ["/slug"]
        made = (await here.api.post(HERE, {"passphrase": PASSPHRASE})).json()
        where = f"{HERE}/{made['id']}"
        monkeypatch.setattr(reading, "_GIGABYTE", 100)
        room = here.settings.jobs.export_gigabytes * 100
        piece = {"number": 0, "content": packed_as(b"x" * room)}
        assert (await here.api.post(f"{where}/pieces", piece)).status_code == 200
        more = await here.api.post(f"{where}/pieces", {"number": 1, "content": packed_as(b"x")})
        assert is_problem(more, 409, "conflict")
        assert "larger than the installation takes" in more.json()["detail"]
        await _change(here, made["id"], state=ImportState.READING)
        assert is_problem(await here.api.delete(where), 409, "conflict")
        await _change(here, made["id"], state=ImportState.WAITING)
        assert (await here.api.delete(where)).status_code == 204


@on_sqlite
async def test_files_are_read_one_at_a_time_and_five_are_on_their_way(
    lived: Lived, elsewhere: Settings
) -> None:
    async with arrivals(elsewhere) as here:
        whole = lived.file.read_bytes()
        over = await here.ended((await here.sent(whole, check_only=True))["id"])
        first, second = [await here.sent(whole, check_only=True) for _ in range(2)]
        await _change(here, first["id"], state=ImportState.READING)
        assert await here.read(second["id"]) is Result.DONE
        assert (await here.row(second["id"])).state is ImportState.WAITING
        here.clock.advance(imports.SILENCE.total_seconds() + 1)
        assert (await here.ended(second["id"]))["state"] == over["state"] == "done"

        asked = [here.api.post(HERE, {"passphrase": PASSPHRASE}) for _ in range(6)]
        statuses = [each.status_code for each in await asyncio.gather(*asked)]
        assert sorted(statuses) == [201] * 4 + [409] * 2, "one of five is read"


@on_sqlite
async def test_whoever_was_overtaken_stores_nothing_and_says_nothing(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes())

        async def overtaken(*given: Any, **named: Any) -> object:
            await _change(here, sent["id"], state=ImportState.REFUSED, fault="Too many.")
            return await bring_in(*given, **named)

        monkeypatch.setattr(reading, "bring_in", overtaken)
        assert await here.read(sent["id"]) is Result.DONE
        assert await here.parts.resolver.find("acme") is None
        assert (await here.row(sent["id"])).fault == "Too many."


@on_sqlite
async def test_whoever_was_overtaken_is_broken_off(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes())

        async def slow(*_given: Any, **_named: Any) -> None:
            await _change(here, sent["id"], state=ImportState.REFUSED)
            await asyncio.Event().wait()

        monkeypatch.setattr(reading, "bring_in", slow)
        monkeypatch.setattr(reading, "_SAYS_SO_SECONDS", 0.01)
        async with asyncio.timeout(10):
            assert await here.read(sent["id"]) is Result.DONE
        assert (await here.row(sent["id"])).state is ImportState.REFUSED


@on_sqlite
async def test_three_attempts_of_which_nothing_came_are_enough_and_what_ended_the_last_is_told(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes())

        async def full(*_given: Any, **_named: Any) -> None:
            raise OSError(28, "No space left on device")

        async def stopped(*_given: Any, **_named: Any) -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr(reading, "bring_in", stopped)
        with pytest.raises(asyncio.CancelledError):
            await here.read(sent["id"])
        row = await here.row(sent["id"])
        assert (row.state, row.attempts) == (ImportState.WAITING, 0), "a process that has ended"

        with monkeypatch.context() as patch:
            patch.setattr(reading, "_LATE_SECONDS", -1.0)
            with pytest.raises(asyncio.CancelledError):
                await here.read(sent["id"])
        row = await here.row(sent["id"])
        assert (row.state, row.attempts) == (ImportState.WAITING, 1), "it had all the time"
        assert row.fault == "It took too long."

        monkeypatch.setattr(reading, "bring_in", full)
        for _ in range(imports.ATTEMPTS - 1):
            assert await here.read(sent["id"]) is Result.FAILED
        told = await here.ended(sent["id"])
        assert (told["state"], "OSError" in told["fault"]) == ("refused", True)
        with use_tenant(here.ops):
            assert not await ImportPiece.exists()


@on_sqlite
async def test_a_file_of_which_a_piece_is_gone_is_refused(
    lived: Lived, elsewhere: Settings
) -> None:
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes())
        with use_tenant(here.ops):
            await ImportPiece.filter(import_id=sent["id"], number=9).delete()
        told = await here.ended(sent["id"])
        assert (told["state"], "piece" in told["fault"]) == ("refused", True)


async def _change(here: Arrivals, import_id: str, **values: object) -> None:
    """As another process does."""

    async def change() -> None:
        with use_tenant(here.ops):
            changed = ImportRow.filter(id=import_id)
            await changed.update(touched_at=here.parts.clock(), **values)

    await asyncio.create_task(change(), context=Context())


async def _is_refused(here: Arrivals) -> None:
    refused = await here.api.post(HERE, {"passphrase": PASSPHRASE})
    assert is_problem(refused, 409, "conflict")
    assert "authgate tenant import" in refused.json()["detail"]
