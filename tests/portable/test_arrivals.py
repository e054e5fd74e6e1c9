"""``/operator/v1/imports``: operators send the file of a tenant, and a job reads it in."""

import asyncio
import gzip
import os
from base64 import b64encode
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from authgate import background, portable
from authgate.audit import SYSTEM, Event
from authgate.jobs import ReadImport, Result
from authgate.portable import Choice, Wanted
from authgate.settings import Settings
from authgate.storage.tenants import imports
from authgate.storage.tenants.imports import ImportPiece, ImportRow, ImportState
from authgate_tenants import domains, use_tenant
from authgate_testing.api import is_problem
from authgate_testing.arriving import HERE, arrivals, packed_as
from authgate_testing.databases import on_sqlite
from authgate_testing.killed import killed_half_way
from authgate_testing.ledger import Ledger
from authgate_testing.lived import PASSPHRASE, PASSWORD, Lived, exported, opened
from authgate_testing.person import Person
from authgate_testing.terminal import Terminal


@on_sqlite  # from there: it is read in at the other one
async def test_a_tenant_comes_by_the_operators_api_whole_and_not_before(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_REMOVED_AT_ONCE", 2)
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes(), slug="acme-inc")
        assert sent["size"] >= lived.file.stat().st_size
        told = await here.ended(sent["id"])
        assert (told["state"], told["fault"]) == ("done", "")
        assert told["brought_id"] == str(lived.tenant.id)
        acme = await here.parts.resolver.find("acme-inc")
        assert acme is not None
        assert told["brought_issuer"] == acme.issuer
        page = await Person(here.http).sign_in(acme.issuer, "Ålice", PASSWORD)
        assert page.url.path.endswith("/account/sessions"), page.text
        [event] = await Ledger().events(acme, Event.TENANT_IMPORTED)
        assert (event.actor_type, event.details["sha256"]) == ("operator", told["sha256"])
        begun, ended = await Ledger().events(here.ops, Event.TENANT_IMPORTED)
        assert {begun.resource_id, ended.resource_id} == {told["id"]}
        assert (begun.details["state"], ended.details["state"]) == ("waiting", "done")
        assert ended.details["brought_id"] == str(lived.tenant.id)
        assert ended.details["sha256"] == told["sha256"]
        with use_tenant(here.ops):
            [row] = await ImportRow.all()
            assert row.sealed_passphrase is None
            assert row.pieces > 8, "pieces are asked for in several goes"
            assert not await ImportPiece.exists()
        again = await here.ended((await here.sent(lived.file.read_bytes()))["id"])
        assert (again["state"], "already" in again["fault"]) == ("refused", True)
        assert (await here.api.delete(f"{HERE}/{again['id']}")).status_code == 204
        announced = await Ledger().events(here.ops, Event.TENANT_IMPORT_BEGUN)
        assert [each.resource_id for each in announced] == [told["id"], again["id"]]
        assert announced[0].details["slug"] == "acme-inc"
        [removed] = await Ledger().events(here.ops, Event.TENANT_IMPORT_REMOVED)
        assert (removed.resource_id, removed.details["state"]) == (again["id"], "refused")
        assert is_problem(await here.api.get(f"{HERE}/{again['id']}"), 404, "not-found")


@on_sqlite
async def test_a_refused_file_is_told_by_its_line_and_what_is_sent_wrong_is_not_taken(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(lived.settings) as (parts, _):
        with use_tenant(lived.tenant):
            await domains.verify("login.acme.example", now=parts.clock())
        whole = await exported(parts, lived.tenant, Choice(PASSPHRASE))
    lines = whole.splitlines(keepends=True)
    async with arrivals(elsewhere) as here:
        cut = await here.ended((await here.sent(b"".join([*lines[:3], b"?\n", *lines[3:]])))["id"])
        assert (cut["state"], cut["fault_line"], cut["fault_part"]) == ("refused", 4, "users")
        assert cut["fault"].startswith("Line 4: ")
        other = await here.sent(whole, passphrase="another passphrase")
        assert "passphrase" in (await here.ended(other["id"]))["fault"]
        checked = await here.ended((await here.sent(whole, check_only=True))["id"])
        assert (checked["state"], checked["brought_slug"]) == ("done", "acme")
        assert checked["unproven"] == ["login.acme.example"]
        assert await here.parts.resolver.find("acme") is None
        assert is_problem(await here.api.post(HERE, {"passphrase": "short"}), 422, "invalid")

        made = (await here.api.post(HERE, {"passphrase": PASSPHRASE})).json()
        where = f"{HERE}/{made['id']}"
        assert is_problem(await here.api.post(f"{where}/start"), 409, "conflict")
        bomb = packed_as(b"\0" * 5_000_000)
        for said in (
            {"number": 1, "content": packed_as(whole[:9])},
            {"number": 0, "content": b64encode(b"nothing").decode()},
            {"number": 0, "content": bomb},
            {"number": 0, "content": packed_as(b"")},
        ):
            assert is_problem(await here.api.post(f"{where}/pieces", said), 409, "conflict")
        noise = gzip.compress(os.urandom(900))
        said = {"number": 0, "content": b64encode(noise).decode()}
        taken = await here.api.post(f"{where}/pieces", said)
        assert taken.json()["size"] == len(noise), "what takes the room is counted"
        said = {"number": 1, "content": "?"}
        assert is_problem(await here.api.post(f"{where}/pieces", said), 422, "invalid")
        with use_tenant(here.ops):
            assert await ImportPiece.filter(import_id=made["id"]).count() == 1


@on_sqlite
async def test_a_command_sends_a_file_and_leaves_nothing_of_what_it_could_not_send(
    lived: Lived, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHGATE_OPERATOR_TENANT", "ops")
    empty = tmp_path / "empty.authgate"
    empty.touch()
    async with arrivals(elsewhere) as here:
        command = partial(Terminal(here.settings), "operator", "import", stdin=f"{PASSPHRASE}\n")
        sent = asyncio.create_task(command(str(lived.file), "--slug", "acme-inc", "-t", "ops"))
        while not sent.done():
            await background.performer(here.parts).perform(ReadImport(), tenant_id=None)
            await asyncio.sleep(0.1)
        assert (sent.result().code, "acme-inc" in sent.result().out) == (0, True), sent.result()
        assert await here.parts.resolver.find("acme-inc") is not None
        refused = await command(str(empty), "-t", "ops")
        assert (refused.code, refused.out) == (5, "")
        with use_tenant(here.ops):
            assert await ImportRow.all().count() == 1


@on_sqlite
async def test_whoever_is_killed_while_reading_has_left_nothing_but_the_file(
    lived: Lived, elsewhere: Settings
) -> None:
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes())
        await killed_half_way(
            here.settings, "file_reader", str(here.ops.id), sent["id"], operator_tenant="ops"
        )
        assert await here.parts.resolver.find("acme") is None
        with use_tenant(here.ops):
            row = await ImportRow.get(id=sent["id"])
            assert row.state is ImportState.READING
            silent = here.parts.clock() - imports.SILENCE
            await ImportRow.filter(id=row.id).update(touched_at=silent)
        performer = background.performer(here.parts)
        assert await performer.perform(ReadImport(), tenant_id=None) is Result.DONE
        told = await here.ended(sent["id"])
        assert (told["state"], told["brought_slug"]) == ("done", "acme")


@on_sqlite
async def test_whoever_is_killed_before_they_could_say_so_has_brought_it_all_the_same(
    lived: Lived, elsewhere: Settings
) -> None:
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes())
        asked = UUID(sent["id"])
        await portable.bring_in(
            here.parts, lived.file, Wanted(PASSPHRASE), actor=SYSTEM, asked=asked
        )
        told = await here.ended(sent["id"])
        assert (told["state"], told["brought_slug"]) == ("done", "acme")
