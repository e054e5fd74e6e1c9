"""``/operator``: whether the installation is well."""

from collections.abc import Mapping
from time import monotonic
from uuid import UUID

from quart import Blueprint, Response, request

from authgate.accounts.visits import signed_in
from authgate.live import Kind, Topic
from authgate.operator import overview, system
from authgate.operator.console import frame
from authgate.operator.console.frame import OperatorConsole
from authgate.operator.console.tenant_search import PATH as TENANTS
from authgate.operator.overview import InstallationOverview, OperatorSpan
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, permits, reads
from authgate.web import usage_chart
from authgate.web.console_view_models import FilterLink
from authgate.web.operator_view_models import (
    AllTenants,
    JobLine,
    NotableTenant,
    OperatorOverviewPage,
)
from authgate.web.usage_view_models import Figure, UsageChart
from authgate_tenants import TenantStatus

_LIVE = "/live"
_SECONDS = 10


class OverviewPages:
    """The first of the operators' pages."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("overview")
        routes.get(CONSOLE, self.show, reads(OperatorArea.SYSTEM))
        routes.get(f"{CONSOLE}{_LIVE}", self.live, reads(OperatorArea.SYSTEM))
        return routes.blueprint

    async def live(self) -> Response:
        """News, of which there may be some each few seconds."""
        topic = Topic.here(Kind.INSTALLATION)
        return self._console.streams.answer(topic, asks=reads(OperatorArea.SYSTEM), look=_tick)

    async def show(self) -> Response:
        """What there is to know at this moment."""
        state = await system.state(self._console.parts)
        content = OperatorOverviewPage(
            frame=self._console.frame(),
            all=await self._all(),
            version=state.version,
            parts={each.name: each.verdict for each in state.parts},
            jobs=[JobLine(each.kind, each.last_done_at, each.tenants_due) for each in state.jobs],
            jobs_waiting=state.jobs_waiting,
            jobs_queued=state.jobs_queued,
            counted=system.MOST,
            live_url=frame.url(_LIVE),
        )
        return self._console.show("overview.html", content)

    async def _all(self) -> AllTenants | None:
        """What all tenants together come to."""
        if not permits(signed_in().user.role, reads(OperatorArea.TENANTS)):
            return None
        span = _asked()
        found = await overview.read(span, now=self._console.now())
        figures = [Figure(*each) for each in found.changes]
        newest = found.newest
        return AllTenants(
            spans=[FilterLink(each, _url(each), current=each is span) for each in OperatorSpan],
            counted_at=found.counted_at,
            figures=[*figures, Figure("new_tenants", *found.new_tenants)],
            charts=_charts(found),
            states=[
                (status, found.tenants.get(status, 0), frame.url(f"{TENANTS}?status={status}"))
                for status in TenantStatus
            ],
            day=newest.day if newest else None,
            behind=newest.behind if newest else 0,
            busiest=[
                _notable(found, each.tenant_id, each.total)
                for each in (newest.busiest if newest else ())
                if each.tenant_id in found.named
            ],
            failing=[
                _notable(found, each.tenant_id, each.failed, each.attempts)
                for each in (newest.failing if newest else ())
                if each.tenant_id in found.named
            ],
        )


async def _tick() -> str:
    return str(int(monotonic() / _SECONDS))


def _asked() -> OperatorSpan:
    said = request.args.get("span", "")
    return OperatorSpan(said) if said in set(OperatorSpan) else OperatorSpan.MONTH


def _url(span: OperatorSpan) -> str:
    return frame.url("" if span is OperatorSpan.MONTH else f"?span={span}")


def _notable(
    found: InstallationOverview, tenant_id: UUID, total: int, attempts: int = 0
) -> NotableTenant:
    url = frame.url(f"{TENANTS}/{tenant_id}")
    return NotableTenant(url, found.named[tenant_id].name, total, attempts)


def _charts(found: InstallationOverview) -> Mapping[str, UsageChart]:
    if found.counted_at is None:
        return {}
    return usage_chart.sign_ins_and_tokens(found.steps, found.sums, found.counted_at)
