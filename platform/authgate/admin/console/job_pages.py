"""``/admin/jobs``: what is done for the tenant beside its requests, and to steer it."""

from quart import Blueprint, Response
from werkzeug.exceptions import Forbidden, NotFound

from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.permissions import Area, reads, writes
from authgate.provisioning import tenant_jobs
from authgate.provisioning.tenant_jobs import UNDER_WAY, TenantJob, UnfitJob, UnknownTenantJob
from authgate.web.console_view_models import ConsoleFrame, Done
from authgate.web.job_view_models import JobsPage, TenantJobLine

_HERE = "/jobs"


class JobPages:
    """Jobs of the tenant."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("jobs")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.JOBS))
        routes.post(f"{ROOT}{_HERE}/<row_id>/retry", self.retry, writes(Area.JOBS))
        routes.post(f"{ROOT}{_HERE}/<row_id>/cancel", self.cancel, writes(Area.JOBS))
        return routes.blueprint

    async def show(self) -> Response:
        """Those there are, the newest first."""
        around = await self._console.frame()
        there = await tenant_jobs.every(self._console.parts)
        content = JobsPage(
            frame=around,
            jobs=[_line(each, around) for each in there],
            under_way=any(each.state in UNDER_WAY for each in there),
            here=frame.url(_HERE),
        )
        return self._console.show("jobs.html", content)

    async def retry(self, row_id: str) -> Response:
        """Try one again that was given up."""
        try:
            await tenant_jobs.retry(self._console.parts, id_in_address(row_id), actor=actor())
        except UnknownTenantJob as error:
            raise NotFound from error
        except UnfitJob:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.JOB_RETRIED)

    async def cancel(self, row_id: str) -> Response:
        """Break one off, or let it be."""
        job_id, around = id_in_address(row_id), await self._console.frame()
        try:
            known = await tenant_jobs.found(self._console.parts, job_id)
            if not _may_break_off(known, around):
                raise Forbidden
            if known.area is Area.AUDIT:
                refuse_guest()
            await tenant_jobs.cancel(self._console.parts, job_id, actor=actor())
        except UnknownTenantJob as error:
            raise NotFound from error
        except UnfitJob:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.JOB_CANCELLED)


def _may_break_off(job: TenantJob, around: ConsoleFrame) -> bool:
    """Whether whoever is signed in may change what it is about."""
    if not job.may_be_broken_off_by(actor(), signed_in().user.role):
        return False
    what = reads(job.area) if job.area is Area.AUDIT else writes(job.area)
    return around.may(str(what)) and around.may(str(writes(Area.JOBS)))


def _line(job: TenantJob, around: ConsoleFrame) -> TenantJobLine:
    here = frame.url(f"{_HERE}/{job.id}")
    may_retry = job.may_be_retried and around.may(str(writes(Area.JOBS)))
    may_cancel = job.may_be_cancelled and _may_break_off(job, around)
    return TenantJobLine(
        kind=job.kind,
        state=job.state,
        done=job.done,
        total=job.total,
        requested_by=job.requested_by,
        attempts=job.attempts,
        error=job.error,
        reason=job.reason,
        created_at=job.created_at,
        retry_action=f"{here}/retry" if may_retry else "",
        cancel_action=f"{here}/cancel" if may_cancel else "",
    )
