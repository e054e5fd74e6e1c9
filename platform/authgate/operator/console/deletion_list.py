"""``/operator/deletions``: tenants that wait to be deleted, are being erased, or are gone."""

from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate.operator.console import deletion_lines, frame
from authgate.operator.console.frame import OperatorConsole
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, reads
from authgate.storage.paging import BadCursor
from authgate.storage.tenants import deleted
from authgate.web.operator_view_models import DeletionsPage

_PATH = "/deletions"
_ON_A_PAGE = 25


class DeletionList:
    """The list of deletions, the newest first."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("deletions")
        routes.get(f"{CONSOLE}{_PATH}", self.show, reads(OperatorArea.TENANTS))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of them."""
        try:
            found = await deleted.page(cursor=request.args.get("cursor"), limit=_ON_A_PAGE)
        except BadCursor as error:
            raise BadRequest from error
        content = DeletionsPage(
            frame=self._console.frame(),
            deletions=[deletion_lines.line(each) for each in found.rows],
            next_url=_url(found.next) if found.next else None,
            previous_url=_url(found.previous) if found.previous else None,
        )
        return self._console.show("deletions.html", content)


def _url(cursor: str) -> str:
    return f"{frame.url(_PATH)}?{urlencode({'cursor': cursor})}"
