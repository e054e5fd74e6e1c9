"""``/admin/users/erasures``: people who were erased, how far that has come, and the proof of it."""

from quart import Blueprint, Response
from werkzeug.exceptions import NotFound

from authgate.admin.console import frame
from authgate.admin.console.frame import ROOT, Console, id_in_address
from authgate.admin.console.user_search import PATH
from authgate.permissions import Area, reads
from authgate.sealing import erasure_proofs
from authgate.storage.people import person_erasures
from authgate.storage.people.person_erasures import PersonErasure
from authgate.web.user_view_models import ErasureLine, ErasuresPage

_HERE = f"{PATH}/erasures"
_SHOWN = 100


class UserErasurePages:
    """What there is to be shown of people who are gone."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("user-erasures")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.USERS))
        routes.get(f"{ROOT}{_HERE}/<row_id>", self.certificate, reads(Area.USERS))
        return routes.blueprint

    async def show(self) -> Response:
        """The newest."""
        found = await person_erasures.listed(cursor=None, limit=_SHOWN)
        content = ErasuresPage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            erasures=[_line(each) for each in found.rows],
            key=erasure_proofs.key(self._console.parts).thumbprint,
            has_more=found.next is not None,
        )
        return self._console.show("user_erasures.html", content)

    async def certificate(self, row_id: str) -> Response:
        """The proof, as a file."""
        found = await person_erasures.find(id_in_address(row_id))
        if found is None or not found.certificate:
            raise NotFound
        response = Response(f"{found.certificate}\n", content_type="application/jwt")
        name = f"erasure-{found.id}.jwt"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _line(erasure: PersonErasure) -> ErasureLine:
    return ErasureLine(
        user_id=str(erasure.user_id),
        state=erasure.state.value,
        requested_at=erasure.requested_at,
        rows=sum(erasure.removed.values()),
        events=erasure.events,
        certificate_url=frame.url(f"{_HERE}/{erasure.id}") if erasure.certificate else "",
    )
