"""What is done for a tenant beside its requests: seen, tried again and broken off."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from authgate.audit import SYSTEM, Event
from authgate.jobs import EndTheRest, Job, port
from authgate.jobs.handlers import arguments_of
from authgate.permissions import UserRole
from authgate.provisioning import tenant_jobs
from authgate.storage import export_files
from authgate.storage.audit import exports as audit_exports
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.exports import LogFormat, Wanted
from authgate.storage.export_files import ExportPiece, Overtaken
from authgate.storage.jobs import kept_jobs
from authgate.storage.jobs.kept_jobs import KeptState
from authgate.storage.people.users import User, UserRow
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import ExportRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import (
    EVERY_SCOPE,
    EVERYTHING,
    ApiClient,
    administering,
    api_client,
    is_problem,
)
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

JOB = EndTheRest(client_id="somebody")


class Taken(list[tuple[Job, UUID | None]]):
    """A queue that notes what it is given."""

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        self.append((job, kept))


@pytest.fixture
def taken() -> Iterator[Taken]:
    """What jobs are asked for."""
    queue = Taken()
    with port.served_by(queue):
        yield queue


@pytest.fixture
async def given_up(server: RunningServer, acme: Tenant, taken: Taken) -> UUID:
    """A job that went wrong each time."""
    with use_tenant(acme):
        await kept_jobs.bury(
            JOB.name,
            arguments_of(JOB),
            now=server.clock(),
            attempts=5,
            error="OSError",
            reason="no route",
        )
        [kept] = await kept_jobs.every()
    return kept.id


async def events(tenant: Tenant, kind: Event) -> list[AuditEvent]:
    with use_tenant(tenant):
        return await AuditEvent.filter(event_type=kind)


async def test_what_was_given_up_says_why_and_is_tried_again(
    api: ApiClient, acme: Tenant, given_up: UUID, taken: Taken
) -> None:
    [told] = (await api.get("/jobs")).json()["items"]
    assert told["kind"] == "end-the-rest"
    assert (told["state"], told["attempts"]) == ("failed", 5)
    assert (told["error"], told["reason"]) == ("OSError", "no route")
    again = await api.post(f"/jobs/{given_up}/retry")
    assert again.json()["state"] == "waiting"
    assert taken == [(JOB, given_up)]
    assert is_problem(await api.post(f"/jobs/{given_up}/retry"), 409, "conflict")
    [event] = await events(acme, Event.JOB_RETRIED)
    assert event.details == {"kind": "end-the-rest", "state": "failed", "error": "OSError"}


async def test_what_was_given_up_can_be_let_be(
    api: ApiClient, acme: Tenant, given_up: UUID
) -> None:
    assert (await api.post(f"/jobs/{given_up}/cancel")).status_code == 204
    assert (await api.get("/jobs")).json()["items"] == []
    assert is_problem(await api.get(f"/jobs/{given_up}"), 404, "not-found")
    assert len(await events(acme, Event.JOB_CANCELLED)) == 1


async def test_what_a_change_has_left_to_be_done_is_not_broken_off(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    with use_tenant(acme):
        kept = await kept_jobs.keep(JOB.name, {}, now=server.clock(), is_hinted=True)
    assert is_problem(await api.post(f"/jobs/{kept}/cancel"), 409, "conflict")
    assert is_problem(await api.post(f"/jobs/{kept}/retry"), 409, "conflict")
    with use_tenant(acme):
        [one] = await kept_jobs.every()
    assert one.state is KeptState.WAITING


async def test_a_file_that_is_written_is_broken_off_and_nothing_of_it_is_left(
    server: RunningServer, api: ApiClient, acme: Tenant, given_up: UUID
) -> None:
    now = server.clock()
    with use_tenant(acme):
        await exports.add(given_up, signing_keys=False, sealed_passphrase=b"x", by="mira", now=now)
        row = await export_files.begin(ExportRow, given_up, schema="1", now=now)
        assert row is not None
        await export_files.write(row, b"{}\n", rows=1, position={"part": "users"}, now=now)
        await kept_jobs.let_be(given_up)
    [told] = (await api.get("/jobs")).json()["items"]
    assert (told["kind"], told["state"], told["done"]) == ("write-export", "running", 1)
    with use_tenant(acme):
        await tenant_jobs.cancel(server.parts, given_up, actor=SYSTEM)
        assert await ExportPiece.all().count() == 0
        with pytest.raises(Overtaken):
            await export_files.write(row, b"{}\n", rows=1, position={"part": "users"}, now=now)


async def test_people_who_are_read_in_are_broken_off_and_those_who_came_stay(
    api: ApiClient, taken: Taken
) -> None:
    made = (await api.post("/user-imports", {"columns": ["username"]})).json()
    here = f"/user-imports/{made['id']}"
    lines = [{"number": number, "cells": {"username": f"n{number}"}} for number in (1, 2)]
    await api.post(f"{here}/lines", {"lines": lines})
    await api.post(f"{here}/start", {"dry_run": False})
    [told] = (await api.get("/jobs")).json()["items"]
    assert (told["kind"], told["state"]) == ("import-users", "running")
    assert (told["done"], told["total"]) == (0, 2)
    assert (await api.post(f"/jobs/{made['id']}/cancel")).status_code == 204
    assert (await api.get(f"/jobs/{made['id']}")).json()["state"] == "cancelled"
    assert (await api.get(here)).json()["state"] == "done"


async def test_who_may_not_change_what_a_job_is_about_does_not_break_it_off(
    server: RunningServer, acme: Tenant, api: ApiClient, given_up: UUID
) -> None:
    with use_tenant(acme):
        await kept_jobs.let_be(given_up)
        await exports.add(
            given_up, signing_keys=False, sealed_passphrase=b"x", by="mira", now=server.clock()
        )
    few = [Scope.JOBS_READ.value, Scope.JOBS_WRITE.value]
    steers = await api_client(server, acme, *few)
    assert is_problem(await steers.post(f"/jobs/{given_up}/cancel"), 403, "insufficient-scope")
    assert (await steers.get(f"/jobs/{given_up}")).json()["state"] == "waiting"


async def test_a_file_of_the_log_is_broken_off_by_who_may_read_the_log_and_asked_for_it(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    carol: User,
    person: Person,
    colleague: Person,
    taken: Taken,
) -> None:
    administered, now = await administering(server, acme, *EVERY_SCOPE), server.clock()

    async def in_name_of(who: Person) -> ApiClient:
        issued = await administered.signed_in(who, scope=" ".join(EVERY_SCOPE))
        return ApiClient(server.http, acme, issued["access_token"])

    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.CLIENT_MANAGER)
        await UserRow.filter(id=carol.id).update(role=UserRole.ADMIN)
        theirs = uuid4()
        await audit_exports.add(
            theirs, Wanted(LogFormat.CSV, False, {}), by=("user", "carol", ""), now=now,
            is_hinted=True,
        )  # fmt: skip
    here, file = f"/jobs/{theirs}/cancel", f"/audit-exports/{theirs}"
    few = await api_client(server, acme, Scope.JOBS_READ.value, Scope.JOBS_WRITE.value)
    assert is_problem(await few.post(here), 403, "insufficient-scope")
    member = await in_name_of(person)
    for role in (UserRole.CLIENT_MANAGER, UserRole.AUDITOR):
        with use_tenant(acme):
            await UserRow.filter(id=alice.id).update(role=role)
        assert is_problem(await member.post(here), 403, "beyond-own-role"), role
        assert is_problem(await member.delete(file), 403, "beyond-own-role"), role
    chief = await in_name_of(colleague)
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(guest_until=now + timedelta(hours=1))
    assert is_problem(await chief.post(here), 403, "beyond-own-role")
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(guest_until=None)
    assert (await chief.post(here)).status_code == 204
    assert is_problem(await chief.get(file), 404, "not-found")
    for kind in (Event.JOB_CANCELLED, Event.AUDIT_EXPORT_DELETED):
        [event] = await events(acme, kind)
        assert event.resource_id == str(theirs)


async def test_another_tenants_jobs_are_unknown(
    server: RunningServer, globex: Tenant, acme: Tenant, given_up: UUID, taken: Taken
) -> None:
    foreign = await api_client(server, globex, *EVERYTHING)
    assert (await foreign.get("/jobs")).json()["items"] == []
    assert is_problem(await foreign.get(f"/jobs/{given_up}"), 404, "not-found")
    for act in ("retry", "cancel"):
        assert is_problem(await foreign.post(f"/jobs/{given_up}/{act}"), 404, "not-found")
    with use_tenant(acme):
        [one] = await kept_jobs.every()
    assert one.state is KeptState.FAILED
    assert taken == []
