"""``/admin/exports``: everything that the tenant has, as a file for its owners."""

from collections.abc import AsyncIterator, Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.exports.writing import TooManyExports
from authgate.live import Kind, Topic
from authgate.permissions import Area, reads, writes
from authgate.portable import WeakPassphrase, requests
from authgate.storage import export_files
from authgate.storage.export_files import UNDER_WAY, ExportState
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export
from authgate.web.console_view_models import Done
from authgate.web.export_view_models import ExportLine, ExportsPage
from authgate_tenants import Tenant, current_tenant, use_tenant

_HERE = "/exports"
_MEGABYTE = 1_000_000
_FETCH_SECONDS = 3600.0
"""How long a file may be on its way: a page would be broken off after one minute."""


class ExportPages:
    """Files of the tenant."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("exports")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.EXPORTS))
        routes.get(f"{ROOT}{_HERE}/live", self.live, reads(Area.EXPORTS))
        routes.post(f"{ROOT}{_HERE}", self.ask, writes(Area.EXPORTS))
        # No GET: who may see the area may not have what is in the file.
        routes.post(f"{ROOT}{_HERE}/<row_id>/file", self.fetch, writes(Area.EXPORTS))
        return routes.blueprint

    async def show(self) -> Response:
        """Those that there are, and how to have another one."""
        return await self._page({})

    async def live(self) -> Response:
        """News of how far they have come."""
        topic = Topic.here(Kind.EXPORTS)
        return self._console.streams.answer(topic, asks=reads(Area.EXPORTS))

    async def ask(self) -> Response:
        """Have one written."""
        refuse_guest()
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}")
        form = await request.form
        try:
            await requests.request(
                self._console.parts,
                passphrase=form.get("passphrase", ""),
                signing_keys=form.get("signing_keys") == "1",
                actor=actor(),
            )
        except WeakPassphrase as error:
            return await self._page({"passphrase": str(error)})
        except TooManyExports:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.EXPORT_ASKED)

    async def fetch(self, row_id: str) -> Response:
        """The file itself."""
        refuse_guest()
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}")
        tenant, export = current_tenant(), await self._ready(row_id)
        await requests.fetched(export, actor=actor())
        response = Response(_within(tenant, export), mimetype="application/jsonl")
        response.timeout = _FETCH_SECONDS
        response.content_length = export.size
        response.headers["Content-Disposition"] = f'attachment; filename="{tenant.slug}.authgate"'
        return response

    async def _ready(self, row_id: str) -> Export:
        export = await exports.find(id_in_address(row_id), now=self._console.now())
        if export is None or export.state is not ExportState.READY:
            raise NotFound
        return export

    async def _page(self, faults: Mapping[str, str]) -> Response:
        there = await exports.every(now=self._console.now())
        under_way = any(each.state in UNDER_WAY for each in there)
        content = ExportsPage(
            frame=await self._console.frame(),
            exports=[_line(each) for each in there],
            action=frame.url(_HERE),
            under_way=under_way,
            live_url=frame.url(f"{_HERE}/live") if under_way else "",
            faults=faults,
        )
        return self._console.show("exports.html", content, 400 if faults else 200)


async def _within(tenant: Tenant, export: Export) -> AsyncIterator[bytes]:
    # The body is sent when the request's own scope has ended.
    number = 0
    while True:
        with use_tenant(tenant):
            content = await export_files.piece(export.attempt, number)
        if content is None:
            return
        yield content
        number += 1


def _line(export: Export) -> ExportLine:
    is_ready = export.state is ExportState.READY
    return ExportLine(
        file_url=frame.url(f"{_HERE}/{export.id}/file") if is_ready else "",
        state=export.state,
        signing_keys=export.signing_keys,
        requested_by=export.requested_by,
        rows=export.rows,
        megabytes=f"{export.size / _MEGABYTE:.1f}",
        sha256=export.sha256,
        created_at=export.created_at,
        expires_at=export.expires_at,
    )
