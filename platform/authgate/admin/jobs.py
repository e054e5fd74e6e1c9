"""``/jobs``: what is done for the tenant beside its requests, and to steer it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from uuid import UUID

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import BeyondOwnRole, Conflict, NotFound
from authgate.permissions import Area
from authgate.provisioning import tenant_jobs
from authgate.provisioning.tenant_jobs import JobState, TenantJob, UnfitJob, UnknownTenantJob
from authgate.tokens.admin_scopes import Scope


class TenantJobDocument(Document):
    """A job of the tenant, and how far it has come."""

    model_config = exemplified(
        id="01a22b9b-242f-72ca-909d-473febcc52b1",
        kind="import-users",
        state="running",
        done=4200,
        total=10000,
        requested_by="mira",
        attempts=None,
        error="",
        reason="",
        created_at="2026-03-02T09:12:44Z",
        touched_at="2026-03-02T09:13:02Z",
        may_be_retried=False,
        may_be_cancelled=True,
    )

    id: UUID
    kind: str
    """What it does: `write-export`, `import-users`, `end-the-rest`, …"""

    state: JobState
    """`waiting` and `running` become `done`, `failed` or `cancelled`. A job without a file of its
    own goes when it is done."""

    done: int | None
    """Rows or lines so far, where they are counted."""

    total: int | None
    """Of so many, where that is known."""

    requested_by: str
    attempts: int | None
    """How often it was tried, where that is counted."""

    error: str
    """What went wrong the last time, in one word."""

    reason: str
    """In more of them."""

    created_at: datetime
    touched_at: datetime | None
    """When it was begun, or came further, last."""

    may_be_retried: bool
    may_be_cancelled: bool


class TenantJobList(Document):
    """The jobs of the tenant, the newest first."""

    items: Sequence[TenantJobDocument]


async def list_jobs(call: Call[Nothing, Nothing]) -> Answer[TenantJobList]:
    """List the jobs of the tenant.

    Those that write or read a file, what a change has left to be done, and for 30 days what was
    given up.
    """
    found = await tenant_jobs.every(call.parts)
    return Answer(TenantJobList(items=[told(each, TenantJobDocument) for each in found]))


async def read_job(call: Call[Nothing, Nothing]) -> Answer[TenantJobDocument]:
    """Read how far a job has come."""
    return Answer(told(await _named(call), TenantJobDocument))


async def retry_job(call: Call[Nothing, Nothing]) -> Answer[TenantJobDocument]:
    """Have a job tried again that was given up."""
    with _worded():
        known = await tenant_jobs.retry(call.parts, _id(call), actor=call.caller.actor)
    return Answer(told(known, TenantJobDocument))


async def cancel_job(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Break off a job that writes or reads a file, or let one be that was given up.

    What it has done stays. Files ask for `authgate:exports:write`, `authgate:users:write` or
    `authgate:audit:read` as well; one of the audit log is broken off by whoever has asked for it,
    by owners and administrators.
    """
    known, caller = await _named(call), call.caller
    if known.area in _ALSO:
        caller.require(_ALSO[known.area])
    if known.area is Area.AUDIT:
        caller.refuse_guest()
    if not known.may_be_broken_off_by(caller.actor, caller.role):
        raise BeyondOwnRole("Somebody else has asked for the file.")
    with _worded():
        await tenant_jobs.cancel(call.parts, known.id, actor=caller.actor)
    return Answer(None)


_ALSO = {
    Area.AUDIT: Scope.AUDIT_READ,
    Area.EXPORTS: Scope.EXPORTS_WRITE,
    Area.USERS: Scope.USERS_WRITE,
}


async def _named(call: Call[Nothing, Nothing]) -> TenantJob:
    with _worded():
        return await tenant_jobs.found(call.parts, _id(call))


def _id(call: Call[Nothing, Nothing]) -> UUID:
    return call.uuid("job_id")


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except UnknownTenantJob as error:
        raise NotFound from error
    except UnfitJob as error:
        raise Conflict(str(error)) from error


_READ, _WRITE = Scope.JOBS_READ, Scope.JOBS_WRITE
_ONE = "/jobs/{job_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/jobs", list_jobs, scope=_READ),
    operation(HTTPMethod.GET, _ONE, read_job, scope=_READ),
    operation(HTTPMethod.POST, f"{_ONE}/retry", retry_job, scope=_WRITE, problems=[Conflict]),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/cancel",
        cancel_job,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict, BeyondOwnRole],
    ),
]
