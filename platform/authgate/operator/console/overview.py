"""``/operator``: whether the installation is well."""

from time import monotonic

from quart import Blueprint, Response

from authgate.live import Kind, Topic
from authgate.operator import system
from authgate.operator.console import frame
from authgate.operator.console.frame import OperatorConsole
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, reads
from authgate.web.operator_view_models import JobLine, OperatorOverviewPage

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
            version=state.version,
            parts={each.name: each.verdict for each in state.parts},
            jobs=[JobLine(each.kind, each.last_done_at, each.tenants_due) for each in state.jobs],
            jobs_waiting=state.jobs_waiting,
            jobs_queued=state.jobs_queued,
            counted=system.MOST,
            live_url=frame.url(_LIVE),
        )
        return self._console.show("overview.html", content)


async def _tick() -> str:
    return str(int(monotonic() / _SECONDS))
