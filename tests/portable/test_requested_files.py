"""``/admin/exports``: an owner has everything written into a file."""

import asyncio
import hashlib
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import httpx2
import pytest

from authgate import background, installation, portable, storage
from authgate.audit import SYSTEM, Event
from authgate.exports import writing
from authgate.installation import Installation
from authgate.jobs import Result, WriteExport
from authgate.permissions import RECENTLY, UserRole
from authgate.portable import Wanted
from authgate.settings import Settings
from authgate.storage import export_files
from authgate.storage.export_files import ExportPiece, ExportState, Overtaken
from authgate.storage.people.users import UserRow
from authgate.storage.sweep import due_exports
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import ExportRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import OF_OWNERS, ApiClient, administering, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.lived import PASSPHRASE, PASSWORD, Lived, keep, opened
from authgate_testing.person import Person, forms
from authgate_testing.server import MovableClock, RunningServer
from authgate_testing.terminal import Terminal

READ = Scope.EXPORTS_READ.value


async def owner(parts: Installation, http: httpx2.AsyncClient, role: UserRole) -> Person:
    """Ålice, who has this role, at her browser."""
    tenant = await parts.resolver.find("acme")
    assert tenant is not None
    with use_tenant(tenant):
        await UserRow.all().update(role=role)
    http.cookies.clear()
    person = Person(http)
    await person.sign_in(tenant.issuer, "Ålice", PASSWORD)
    return person


async def ready(parts: Installation, tenant: Tenant) -> exports.Export:
    async with asyncio.timeout(30):
        while True:
            with use_tenant(tenant):
                [found] = await exports.every(now=parts.clock())
            if found.state is not ExportState.WAITING and found.state is not ExportState.WRITING:
                assert found.state is ExportState.READY
                return found
            await asyncio.sleep(0.02)


async def test_ex_09_an_owner_has_a_file_written_and_takes_it_along(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PIECE", 3000)
    here = f"{lived.tenant.issuer}/admin/exports"
    async with opened(lived.settings) as (parts, http):
        person = await owner(parts, http, UserRole.OWNER)
        await person.visit(here)
        assert "at least 15" in (await person.submit({"passphrase": "short"}, to="/exports")).text
        page = await person.submit({"passphrase": PASSPHRASE, "signing_keys": "1"}, to="/exports")
        assert "It is being written" in page.text
        export = await ready(parts, lived.tenant)
        page = await person.visit(here)
        [button] = [each for each in forms(page.text) if each.action.endswith("/file")]
        address = button.action
        assert (await http.get(address)).status_code == 405
        fetched = await http.post(address, data=button.hidden)
        assert fetched.status_code == 200
        assert fetched.headers["Content-Disposition"].endswith('"acme.authgate"')
        assert hashlib.sha256(fetched.content).hexdigest() == export.sha256
        assert int(fetched.headers["Content-Length"]) == len(fetched.content) == export.size
        with use_tenant(lived.tenant):
            assert await ExportPiece.all().count() > 3
            [row] = await ExportRow.all()
            assert row.sealed_passphrase is None
        told = await Ledger().events(lived.tenant, Event.TENANT_EXPORTED)
        assert [each.details.get("fetched", "") for each in told] == ["", "", str(export.id)]
        assert {each.actor_name for each in told[1:]} == {"Ålice"}

        assert fetched.headers["Cache-Control"] == "no-store"
        assert fetched.headers["X-Content-Type-Options"] == "nosniff"
        assert PASSPHRASE.encode() not in fetched.content

        [form] = [each for each in forms(page.text) if each.action.endswith("/exports")]
        filled = form.hidden | {"passphrase": PASSPHRASE}
        for less in (
            {"guest_until": parts.clock() + timedelta(hours=1)},
            {"guest_until": None, "role": UserRole.ADMIN},
        ):
            with use_tenant(lived.tenant):
                await UserRow.all().update(**less)
            assert (await http.post(here, data=filled)).status_code == 403
            assert (await http.post(address, data=button.hidden)).status_code == 403
        assert 'name="passphrase"' not in (await person.visit(here)).text
        http.cookies.clear()
        assert (await http.post(address, data=button.hidden)).status_code in (302, 303, 401, 403)
    keep(lived.file, fetched.content)
    async with opened(elsewhere) as (parts, http):
        brought = await portable.bring_in(parts, lived.file, Wanted(PASSPHRASE), actor=SYSTEM)
        page = await Person(http).sign_in(brought.issuer, "Ålice", PASSWORD)
        assert page.url.path.endswith("/account/sessions"), page.text


async def abandoned(parts: Installation, tenant: Tenant, **more: object) -> UUID:
    """A file whose writer was killed after half of it, too long ago, and was another version."""
    export_id, now = uuid4(), parts.clock()
    with use_tenant(tenant):
        cipher = await parts.encryption.cipher(tenant.id)
        sealed = cipher.seal(
            kind="export-passphrase", object_id=str(export_id), plaintext=PASSPHRASE.encode()
        )
        await exports.add(
            export_id, signing_keys=True, sealed_passphrase=sealed, by="mira", now=now
        )
        row = await export_files.begin(ExportRow, export_id, schema="0001_initial", now=now)
        assert row is not None
        again = await export_files.begin(ExportRow, export_id, schema="0001_initial", now=now)
        assert again is None, "somebody writes it"
        position = {"schema": "0001_initial", "part": "users"}
        await export_files.write(row, b"half\n", rows=1, position=position, now=now)
        await ExportRow.filter(id=export_id).update(touched_at=now - export_files.SILENCE, **more)
    return export_id


async def settled(parts: Installation, export_id: UUID) -> ExportRow:
    """After a round; one of the server's own may have been quicker."""
    round_of_all = background.performer(parts)
    assert await round_of_all.perform(WriteExport(), tenant_id=None) is Result.DONE
    async with asyncio.timeout(30):
        while True:
            row = await ExportRow.get(id=export_id)
            if row.state in (ExportState.READY, ExportState.FAILED):
                return row
            await asyncio.sleep(0.02)


async def test_what_another_version_has_begun_is_begun_anew_and_half_of_it_never_offered(
    lived: Lived,
) -> None:
    async with opened(lived.settings) as (parts, http):
        person = await owner(parts, http, UserRole.OWNER)
        here = f"{lived.tenant.issuer}/admin/exports"
        killed = await abandoned(parts, lived.tenant)
        page = await person.visit(here)
        assert "Being written" in page.text or "Ready" in page.text
        again = await person.submit({"passphrase": PASSPHRASE}, to="/exports")
        assert again.status_code == 200
        with use_tenant(lived.tenant):
            row = await settled(parts, killed)
            assert (row.state, row.attempts, row.sealed_passphrase) == (ExportState.READY, 0, None)
            first = await ExportPiece.filter(attempt=row.attempt).order_by("number").first()
            assert first is not None
            assert not bytes(first.content).startswith(b"half")
            assert not await ExportPiece.filter(content=b"half\n").exists()
        page = await person.visit(here)
        [button, *_] = forms(page.text)
        answer = await http.post(f"{here}/{killed}/file", data=button.hidden)
        assert answer.status_code == 200

        hopeless = await abandoned(parts, lived.tenant, attempts=export_files.ATTEMPTS)
        with use_tenant(lived.tenant):
            row = await settled(parts, hopeless)
            assert (row.state, row.sealed_passphrase) == (ExportState.FAILED, None)
            assert not await ExportPiece.filter(attempt=row.attempt).exists()
        answer = await http.post(f"{here}/{hopeless}/file", data=button.hidden)
        assert answer.status_code == 404
        assert "Failed" in (await person.visit(here)).text


@on_sqlite
async def test_whoever_waits_for_a_file_that_has_failed_is_told_by_how_the_command_ends(
    lived: Lived,
) -> None:
    async with installation.opened(lived.settings):
        terminal, words = Terminal(lived.settings), ("export", "request", "--wait", "--json")
        asked = asyncio.create_task(terminal(*words, "-t", "acme", stdin=f"{PASSPHRASE}\n"))
        with use_tenant(lived.tenant):
            while not asked.done():
                await ExportRow.all().update(state=ExportState.FAILED)
                await asyncio.sleep(0.05)
    assert (asked.result().code, asked.result().data["state"]) == (1, "failed"), asked.result()


async def test_a_file_that_has_ended_keeps_no_other_tenant_waiting(lived: Lived) -> None:
    async with installation.opened(lived.settings) as parts:
        killed, now = await abandoned(parts, lived.tenant), parts.clock()

        async def due() -> list[UUID]:
            before = now - export_files.SILENCE
            return await due_exports.tenants(
                ExportRow, lived.settings.database, now=before, limit=1
            )

        assert await due() == [lived.tenant.id]
        with use_tenant(lived.tenant):
            await ExportRow.filter(id=killed).update(expires_at=now - timedelta(minutes=3))
        assert await due() == []


@on_sqlite
async def test_whoever_is_overtaken_writes_nothing_more(lived: Lived) -> None:
    async with opened(lived.settings) as (parts, _):
        slow = await abandoned(parts, lived.tenant)
        with use_tenant(lived.tenant):
            former = await ExportRow.get(id=slow)
            ended = await settled(parts, slow)
            with pytest.raises(Overtaken):
                async with storage.transaction():
                    await export_files.write(
                        former, b"late\n", rows=2, position={}, now=parts.clock()
                    )
            await export_files.end(former, ExportState.FAILED)
            now = await ExportRow.get(id=slow)
            assert (now.state, now.sha256) == (ExportState.READY, ended.sha256)
            assert not await ExportPiece.filter(attempt=former.attempt).exists()


@on_sqlite
async def test_ex_09_an_owners_program_takes_it_part_by_part_soon_after_they_have_signed_in(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PIECE", 3000)
    clock = MovableClock()
    async with opened(lived.settings, clock) as (parts, http):
        person = await owner(parts, http, UserRole.OWNER)
        server = RunningServer(parts, cast(httpx2.ASGITransport, http._transport), http, clock)
        machine = await api_client(server, lived.tenant, *OF_OWNERS)
        assert is_problem(
            await machine.post("/exports", {"passphrase": PASSPHRASE}), 403, "beyond-own-role"
        )
        program = await administering(server, lived.tenant, *OF_OWNERS, READ)
        issued = await program.signed_in(person, scope=" ".join((*OF_OWNERS, READ)))
        api = ApiClient(http, lived.tenant, issued["access_token"])
        assert is_problem(await api.post("/exports", {"passphrase": "short"}), 422, "invalid")
        made = await api.post("/exports", {"passphrase": PASSPHRASE})
        assert made.status_code == 201, made.text
        export = await ready(parts, lived.tenant)
        where = f"/exports/{export.id}/content"

        first = await api.post(where, {}, idempotency_key="one")
        again = await api.post(where, {}, idempotency_key="one")
        assert "idempotent-replayed" not in again.headers
        assert first.json()["content"] == again.json()["content"]
        clock.advance(RECENTLY.total_seconds() + 2)
        for path, said in (("/exports", {"passphrase": PASSPHRASE}), (where, {})):
            refused = await api.post(path, said)
            assert is_problem(refused, 401, "recent-sign-in-required")
            challenge = refused.headers["www-authenticate"]
            assert 'error="insufficient_user_authentication"' in challenge
            assert 'max_age="900"' in challenge
        whole, told = first.json()["content"], first.json()
        while told["next"]:
            told = (await api.post(where, {"cursor": told["next"]})).json()
            whole += told["content"]
        assert hashlib.sha256(whole.encode()).hexdigest() == export.sha256
        for cursor in ("bm90aGluZw==", "?", first.json()["next"][:-4]):
            assert is_problem(await api.post(where, {"cursor": cursor}), 400, "bad-cursor")
        events = await Ledger().events(lived.tenant, Event.TENANT_EXPORTED)
        assert [each.details.get("fetched", "") for each in events[-2:]] == [str(export.id)] * 2
        with use_tenant(lived.tenant):
            await UserRow.all().update(role=UserRole.ADMIN)
        cursor = first.json()["next"]
        assert is_problem(await api.post(where, {"cursor": cursor}), 403, "beyond-own-role")
