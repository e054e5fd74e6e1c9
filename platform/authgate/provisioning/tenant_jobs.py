"""What is done for a tenant beside its requests: how far each job has come, and to steer it.

What a job has done is known where it is done: of files that are written and read by their rows, of
every other one by what is kept of it. This puts them side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.exports import audit_log
from authgate.installation import Installation
from authgate.jobs import ExportAudit, ImportUsers, Job, WriteExport, port
from authgate.jobs.catalogue import JOBS
from authgate.languages import text
from authgate.permissions import Area, UserRole
from authgate.storage import export_files
from authgate.storage.audit import exports as audit_exports
from authgate.storage.audit.exports import AuditExport, AuditExportRow
from authgate.storage.export_files import ExportState
from authgate.storage.jobs import kept_jobs
from authgate.storage.jobs.kept_jobs import KeptJob, KeptState
from authgate.storage.people import user_imports
from authgate.storage.people.user_imports import ImportState, UserImport
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export, ExportRow
from authgate_tenants import current_tenant


class JobState(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """It was given up."""
    CANCELLED = "cancelled"
    """It was broken off; what it had done stays."""


UNDER_WAY = (JobState.WAITING, JobState.RUNNING)


class UnknownTenantJob(LookupError):
    """The tenant has no such job."""


class UnfitJob(ValueError):
    """This cannot be done with it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantJob:
    """A job of the tenant."""

    id: UUID
    kind: str
    area: Area
    """What it is about: whoever breaks it off may change this, or, of the log, read it."""
    state: JobState
    done: int | None = None
    """Rows or lines that it has gone through; nothing where nobody counts."""
    total: int | None = None
    """Of so many, where that is known."""
    requested_by: str = ""
    requester: tuple[str, str] | None = None
    """The type and the id of who alone, besides owners and administrators, breaks it off."""
    attempts: int | None = None
    error: str = ""
    reason: str = ""
    created_at: datetime
    touched_at: datetime | None = None

    @property
    def may_be_retried(self) -> bool:
        """Whether it can be tried again: what is kept of it is enough for that."""
        return self.state is JobState.FAILED and self.kind not in _OF_FILES

    @property
    def may_be_cancelled(self) -> bool:
        """Whether it can be broken off, or let be. What is being done that has no end of its own
        goes on: what a change leaves to be done is part of the change."""
        if self.kind in _OF_FILES:
            return self.state in UNDER_WAY
        return self.state is JobState.FAILED

    def may_be_broken_off_by(self, actor: Actor, role: UserRole) -> bool:
        """Whether it is theirs to do so, if they may at all."""
        return self.requester is None or audit_log.may_remove(
            self.requester, actor=actor, role=role
        )


_OF_FILES = (WriteExport.name, ExportAudit.name, ImportUsers.name)


async def every(parts: Installation) -> Sequence[TenantJob]:
    """Those there are, the newest first."""
    now = parts.clock()
    found = [
        *(_of_kept(each) for each in await kept_jobs.every()),
        *(_of_export(each) for each in await exports.every(now=now)),
        *(_of_log(each) for each in await audit_exports.every(now=now)),
        *(
            _of_import(each)
            for each in await user_imports.newest(now=now)
            if each.state is not ImportState.RECEIVING
        ),
    ]
    return sorted(found, key=lambda each: each.created_at, reverse=True)


async def found(parts: Installation, job_id: UUID) -> TenantJob:
    """One of them. Raises ``UnknownTenantJob``."""
    now = parts.clock()
    if kept := await kept_jobs.find(job_id):
        return _of_kept(kept)
    if export := await exports.find(job_id, now=now):
        return _of_export(export)
    if file := await audit_exports.find(job_id, now=now):
        return _of_log(file)
    people = await user_imports.find(job_id, now=now)
    if people is None or people.state is ImportState.RECEIVING:
        raise UnknownTenantJob(str(job_id))
    return _of_import(people)


async def retry(parts: Installation, job_id: UUID, *, actor: Actor) -> TenantJob:
    """Have one tried again that was given up. Raises ``UnknownTenantJob`` and ``UnfitJob``."""
    known = await found(parts, job_id)
    if not known.may_be_retried:
        raise UnfitJob(text("It was not given up, or what it needs is gone: ask for it anew."))
    async with storage.transaction():
        revived = await kept_jobs.revive(job_id, now=parts.clock())
        if revived is None:
            raise UnfitJob(text("Somebody else has it tried again, or let it be."))
        await _record(Event.JOB_RETRIED, known, actor)
        await storage.after_commit(lambda: _ask(revived))
    return await found(parts, job_id)


async def cancel(parts: Installation, job_id: UUID, *, actor: Actor) -> None:
    """Break one off, or let one be that was given up. Raises ``UnknownTenantJob`` and
    ``UnfitJob``."""
    known = await found(parts, job_id)
    if not known.may_be_cancelled:
        raise UnfitJob(text("It is done, or is part of what somebody has changed."))
    async with storage.transaction():
        if not await _broken_off(parts, known, actor):
            raise UnfitJob(text("It is done, or was broken off."))
        await _record(Event.JOB_CANCELLED, known, actor)


async def _broken_off(parts: Installation, known: TenantJob, actor: Actor) -> bool:
    match known.kind:
        case WriteExport.name:
            return await _remove_unwritten(ExportRow, known.id)
        case ExportAudit.name:
            export = await audit_exports.find(known.id, now=parts.clock())
            if export is None or not await _remove_unwritten(AuditExportRow, known.id):
                return False
            await audit_log.removed(export, actor=actor)
            return True
        case ImportUsers.name:
            file = await user_imports.held(known.id, now=parts.clock())
            if file is None or file.state is not ImportState.WORKING:
                return False
            await user_imports.change(known.id, state=ImportState.DONE)
            return True
        case _:
            return await kept_jobs.let_be(known.id)


async def _remove_unwritten(kind: type[export_files.ExportFile], export_id: UUID) -> bool:
    """Whoever writes it finds that out with the next piece."""
    return await export_files.remove(kind, id=export_id, state__in=export_files.UNDER_WAY) > 0


async def _ask(kept: KeptJob) -> None:
    job = _job(kept)
    if job is not None:
        await port.hint(job, tenant_id=current_tenant().id, kept=kept.id)


def _job(kept: KeptJob) -> Job | None:
    kinds = {each.name: each for each in JOBS}
    try:
        return kinds[kept.name](**kept.arguments)
    except (KeyError, TypeError):
        return None  # of another version, which takes it up


async def _record(event: Event, known: TenantJob, actor: Actor) -> None:
    details = {"kind": known.kind, "state": known.state, "error": known.error}
    await audit.record(event, actor=actor, resource=("job", str(known.id)), details=details)


_KEPT = {
    KeptState.WAITING: JobState.WAITING,
    KeptState.WORKING: JobState.RUNNING,
    KeptState.FAILED: JobState.FAILED,
}
_WRITTEN = {
    ExportState.WAITING: JobState.WAITING,
    ExportState.WRITING: JobState.RUNNING,
    ExportState.READY: JobState.DONE,
    ExportState.FAILED: JobState.FAILED,
}


def _of_kept(kept: KeptJob) -> TenantJob:
    return TenantJob(
        id=kept.id,
        kind=kept.name,
        area=Area.JOBS,
        state=_KEPT[kept.state],
        attempts=kept.attempts,
        error=kept.error,
        reason=kept.reason,
        created_at=kept.created_at,
        touched_at=kept.touched_at,
    )


def _of_export(export: Export) -> TenantJob:
    return TenantJob(
        id=export.id,
        kind=WriteExport.name,
        area=Area.EXPORTS,
        state=_WRITTEN[export.state],
        done=export.rows,
        requested_by=export.requested_by,
        created_at=export.created_at,
    )


def _of_log(export: AuditExport) -> TenantJob:
    return TenantJob(
        id=export.id,
        kind=ExportAudit.name,
        area=Area.AUDIT,
        state=_WRITTEN[export.state],
        done=export.rows,
        total=export.total,
        requested_by=export.requested_by,
        requester=(export.requester_type, export.requester_id),
        created_at=export.created_at,
    )


def _of_import(file: UserImport) -> TenantJob:
    state = JobState.RUNNING
    if file.state is ImportState.DONE:
        state = JobState.DONE if file.gone_through >= file.lines else JobState.CANCELLED
    return TenantJob(
        id=file.id,
        kind=ImportUsers.name,
        area=Area.USERS,
        state=state,
        done=file.gone_through,
        total=file.lines,
        requested_by=file.requested_by,
        created_at=file.created_at,
        touched_at=file.touched_at,
    )
