"""``/operator/v1/imports``: operators send the file of a tenant, and a job reads it in."""

import asyncio
import gzip
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx2
import pytest

from authgate import background, portable, provisioning
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.jobs import ReadImport, Result, port
from authgate.portable import Wanted
from authgate.settings import Settings
from authgate.storage.tenants import imports
from authgate.storage.tenants.imports import ImportPiece, ImportRow, ImportState
from authgate.tokens import operator_scopes
from authgate.tokens.audiences import OPERATOR_API
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.lived import PASSPHRASE, PASSWORD, Lived, opened
from authgate_testing.person import Person
from authgate_testing.server import MovableClock, RunningServer
from authgate_testing.terminal import environment

HERE = "/imports"
SERVICES = Path(__file__).parent.parent / "services"
SCOPES = tuple(scope.value for scope in operator_scopes.Scope)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """An installation to which tenants come."""

    parts: Installation
    http: httpx2.AsyncClient
    ops: Tenant
    api: ApiClient
    settings: Settings

    async def sent(self, whole: bytes, **wish: object) -> dict[str, Any]:
        """A file that came in pieces, and is to be read."""
        made = await self.api.post(HERE, {"passphrase": PASSPHRASE, **wish})
        assert made.status_code == 201, made.text
        where, size = f"{HERE}/{made.json()['id']}", 20_000
        for number, start in enumerate(range(0, len(whole), size)):
            packed = packed_as(whole[start : start + size])
            answer = await self.api.post(f"{where}/pieces", {"number": number, "content": packed})
            assert answer.status_code == 200, answer.text
        told: dict[str, Any] = (await self.api.post(f"{where}/start")).json()
        return told

    async def ended(self, import_id: str) -> dict[str, Any]:
        """What came of it."""
        async with asyncio.timeout(60):
            while True:
                told: dict[str, Any] = (await self.api.get(f"{HERE}/{import_id}")).json()
                if told["state"] in ("done", "refused"):
                    return told
                await asyncio.sleep(0.05)


def packed_as(piece: bytes) -> str:
    return b64encode(gzip.compress(piece)).decode()


@asynccontextmanager
async def arrivals(settings: Settings) -> AsyncIterator[Arrivals]:
    """With operators, for whom a program acts."""
    more = settings.limits.model_copy(update={"api_per_caller": "1000/s burst 10000"})
    changed = settings.model_copy(update={"operator_tenant": "ops", "limits": more})
    clock = MovableClock()
    async with opened(changed, clock) as (parts, http):
        ops = await provisioning.add_tenant(parts, slug="ops", name="Operations")
        server = RunningServer(parts, cast(httpx2.ASGITransport, http._transport), http, clock)
        api = await api_client(server, ops, *SCOPES, base=OPERATOR_API)
        yield Arrivals(parts, http, ops, api, changed)


async def test_a_tenant_comes_by_the_operators_api_whole_and_not_before(
    lived: Lived, elsewhere: Settings
) -> None:
    async with arrivals(elsewhere) as here:
        sent = await here.sent(lived.file.read_bytes(), slug="acme-inc")
        assert sent["size"] == lived.file.stat().st_size
        told = await here.ended(sent["id"])
        assert (told["state"], told["fault"]) == ("done", "")
        assert told["brought_id"] == str(lived.tenant.id)
        acme = await here.parts.resolver.find("acme-inc")
        assert acme is not None
        page = await Person(here.http).sign_in(acme.issuer, "Ålice", PASSWORD)
        assert page.url.path.endswith("/account/sessions"), page.text
        [event] = await Ledger().events(acme, Event.TENANT_IMPORTED)
        assert (event.actor_type, event.details["sha256"]) == ("operator", told["sha256"])
        with use_tenant(here.ops):
            [row] = await ImportRow.all()
            assert row.sealed_passphrase is None
            assert not await ImportPiece.exists()
        again = await here.ended((await here.sent(lived.file.read_bytes()))["id"])
        assert (again["state"], "already" in again["fault"]) == ("refused", True)
        assert (await here.api.delete(f"{HERE}/{again['id']}")).status_code == 204
        assert is_problem(await here.api.get(f"{HERE}/{again['id']}"), 404, "not-found")


@on_sqlite
async def test_a_refused_file_is_told_by_its_line_and_what_is_sent_wrong_is_not_taken(
    lived: Lived, elsewhere: Settings
) -> None:
    whole = lived.file.read_bytes()
    lines = whole.splitlines(keepends=True)
    async with arrivals(elsewhere) as here:
        cut = await here.ended((await here.sent(b"".join([*lines[:3], b"?\n", *lines[3:]])))["id"])
        assert (cut["state"], cut["fault_line"], cut["fault_part"]) == ("refused", 4, "users")
        assert cut["fault"].startswith("Line 4: ")
        other = await here.sent(whole, passphrase="another passphrase")
        assert "passphrase" in (await here.ended(other["id"]))["fault"]
        checked = await here.ended((await here.sent(whole, check_only=True))["id"])
        assert (checked["state"], checked["brought_slug"]) == ("done", "acme")
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
        ):
            assert is_problem(await here.api.post(f"{where}/pieces", said), 409, "conflict")
        said = {"number": 0, "content": "?"}
        assert is_problem(await here.api.post(f"{where}/pieces", said), 422, "invalid")
        with use_tenant(here.ops):
            assert not await ImportPiece.filter(import_id=made["id"]).exists()


async def killed_half_way(settings: Settings, ops: Tenant, import_id: str) -> None:
    """Another process that does the job until half of the file is read in."""
    more = {"PYTHONPATH": str(SERVICES), "AUTHGATE_OPERATOR_TENANT": "ops"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "authgate_testing.file_reader", str(ops.id), import_id),
        env=environment(settings) | more,
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


async def test_whoever_is_killed_while_reading_has_left_nothing_but_the_file(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with arrivals(elsewhere) as here:
        monkeypatch.setattr(port, "hint", _nobody)
        sent = await here.sent(lived.file.read_bytes())
        await killed_half_way(here.settings, here.ops, sent["id"])
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
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with arrivals(elsewhere) as here:
        monkeypatch.setattr(port, "hint", _nobody)
        sent = await here.sent(lived.file.read_bytes())
        asked = UUID(sent["id"])
        await portable.bring_in(
            here.parts, lived.file, Wanted(PASSPHRASE), actor=SYSTEM, asked=asked
        )
        performer = background.performer(here.parts)
        job = ReadImport(sent["id"])
        assert await performer.perform(job, tenant_id=here.ops.id) is Result.DONE
        told = await here.ended(sent["id"])
        assert (told["state"], told["brought_slug"]) == ("done", "acme")


async def _nobody(_job: object, **_named: object) -> None: ...
