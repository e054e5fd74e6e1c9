"""``/admin/audit/verification``: whether the log is as it was sealed."""

from quart import Blueprint, Response

from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.audit_search import PATH
from authgate.admin.console.frame import ROOT, Console, done
from authgate.live import Kind, Topic
from authgate.permissions import Area, reads
from authgate.sealing import checking
from authgate.sealing.checking import LogCheck, UnfitCheck
from authgate.sealing.faults import Fault
from authgate.sealing.faults import Kind as What
from authgate.web.audit_view_models import AuditFaultLine, AuditVerificationPage
from authgate.web.console_view_models import Done

VERIFICATION = f"{PATH}/verification"


class AuditVerificationPages:
    """The check of the log."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("audit-verification")
        routes.get(f"{ROOT}{VERIFICATION}", self.show, reads(Area.AUDIT))
        routes.get(f"{ROOT}{VERIFICATION}/live", self.live, reads(Area.AUDIT))
        routes.post(f"{ROOT}{VERIFICATION}", self.begin, reads(Area.AUDIT))
        return routes.blueprint

    async def show(self) -> Response:
        """What was found last, or how far it has come."""
        check = await checking.newest()
        page = AuditVerificationPage(
            frame=await self._console.frame(), action=frame.url(VERIFICATION)
        )
        if check is not None:
            page = await self._of(check)
        return self._console.show("audit_verification.html", page)

    async def live(self) -> Response:
        """News of how far it has come."""
        topic = Topic.here(Kind.AUDIT_EVENTS)
        return self._console.streams.answer(topic, asks=reads(Area.AUDIT), look=_come_to)

    async def begin(self) -> Response:
        """Have the log be checked."""
        try:
            await checking.begin(self._console.parts, actor=actor())
        except UnfitCheck:
            return done(VERIFICATION, Done.NOTHING)
        return done(VERIFICATION, Done.LOG_CHECKED)

    async def _of(self, check: LogCheck) -> AuditVerificationPage:
        return AuditVerificationPage(
            frame=await self._console.frame(),
            action=frame.url(VERIFICATION),
            requested_by=check.requested_by,
            began_at=check.began_at,
            ended_at=check.ended_at,
            percent=await checking.percent(check),
            until=check.seq,
            events=check.events,
            waiting=check.waiting,
            erased=check.erased,
            removed=check.removed,
            signed_by=check.signed_by,
            fault_count=check.fault_count,
            faults=[_line(each) for each in check.faults],
            live_url="" if check.ended_at else frame.url(f"{VERIFICATION}/live"),
        )


async def _come_to() -> str:
    check = await checking.newest()
    return f"{check.seq} {check.ended_at}" if check else ""


def _line(fault: Fault) -> AuditFaultLine:
    is_there = fault.event_id and fault.kind is not What.DELETED
    return AuditFaultLine(
        kind=fault.kind.value,
        places=str(fault.seq) if fault.seq == fault.until else f"{fault.seq}-{fault.until}",
        url=frame.url(f"{PATH}/events/{fault.event_id}") if is_there else "",
        event_id=fault.event_id,
        found=fault.found,
    )
