"""``/admin/audit/exports``: the audit log as a file of any size."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

from quart import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, NotFound

from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.audit import Event
from authgate.exports import audit_log
from authgate.exports.writing import TooManyExports
from authgate.languages import text
from authgate.live import Kind, Topic
from authgate.permissions import Area, reads
from authgate.storage.audit import chosen_events, exports
from authgate.storage.audit.event_search import EventSearch
from authgate.storage.audit.exports import AuditExport, LogFormat, Wanted
from authgate.storage.export_files import UNDER_WAY, ExportState
from authgate.vocabulary import Severity
from authgate.web import sealed_text
from authgate.web.audit_export_view_models import (
    AuditExportFields,
    AuditExportLine,
    AuditExportsPage,
)
from authgate.web.console_view_models import Done
from authgate_tenants import Tenant, current_tenant, use_tenant
from authgate_tenants.encryption import TenantCipher

_HERE = "/audit/exports"
_ONE = f"{ROOT}{_HERE}/<row_id>"
_LINK = "audit-export-link"
_LINK_LASTS = timedelta(minutes=15)
_MEGABYTE = 1_000_000
_LAST_YEAR = 9998
"""A day after it is one as well."""
_FETCH_SECONDS = 3600.0
"""How long a file may be on its way: a page would be broken off after one minute."""
_MEDIA = {LogFormat.CSV: "text/csv; charset=utf-8", LogFormat.JSONL: "application/jsonl"}
_OUTCOMES = {"": None, "success": True, "failure": False}


class AuditExportPages:
    """Files of the log."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("audit-exports")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.AUDIT))
        routes.get(f"{ROOT}{_HERE}/live", self.live, reads(Area.AUDIT))
        routes.post(f"{ROOT}{_HERE}", self.ask, reads(Area.AUDIT))
        routes.post(f"{_ONE}/link", self.link, reads(Area.AUDIT))
        routes.get(f"{_ONE}/file", self.fetch, reads(Area.AUDIT))
        routes.post(f"{_ONE}/delete", self.delete, reads(Area.AUDIT))
        return routes.blueprint

    async def show(self) -> Response:
        """Those that there are, and how to have another one."""
        return await self._page(AuditExportFields(), {})

    async def live(self) -> Response:
        """News of how far they have come."""
        return self._console.streams.answer(Topic.here(Kind.EXPORTS), asks=reads(Area.AUDIT))

    async def ask(self) -> Response:
        """Have one written."""
        refuse_guest()
        form = await request.form
        said = {name: form.get(name, "") for name in ("since", "to", "search")}
        said |= {name: form.get(name, "") for name in ("format", "type", "severity", "outcome")}
        fields = AuditExportFields(bom=form.get("bom") == "1", **said)
        faults = _faults(fields)
        if faults:
            return await self._page(fields, faults)
        try:
            await audit_log.request(self._console.parts, _wanted(fields), actor=actor())
        except TooManyExports:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.EXPORT_ASKED)

    async def link(self, row_id: str) -> Response:
        """Lead to the file, by a link that is theirs alone and ends soon."""
        refuse_guest()
        export = await self._ready(row_id)
        ends_at = self._console.now() + _LINK_LASTS
        said = (str(signed_in().user.id), ends_at.timestamp())
        sealed = sealed_text.sealed(
            said, cipher=await self._cipher(), kind=_LINK, object_id=str(export.id)
        )
        query = urlencode({"link": sealed})
        return see_other(f"{ROOT}{_HERE}/{export.id}/file?{query}")

    async def fetch(self, row_id: str) -> Response:
        """The file itself."""
        refuse_guest()
        tenant, export = current_tenant(), await self._ready(row_id)
        await self._refuse_others(export.id, request.args.get("link", ""))
        await audit_log.fetched(export, actor=actor())
        response = Response(_within(tenant, export), content_type=_MEDIA[export.format])
        response.timeout = _FETCH_SECONDS
        response.content_length = export.size
        name = f"{tenant.slug}-audit-{export.created_at:%Y%m%dT%H%M%SZ}.{export.format}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    async def delete(self, row_id: str) -> Response:
        """Have nothing be left of one."""
        refuse_guest()
        export = await self._named(row_id)
        if not _may_remove(export):
            raise Forbidden
        is_removed = await audit_log.remove(export, actor=actor())
        return done(_HERE, Done.EXPORT_DELETED if is_removed else Done.NOTHING)

    async def _refuse_others(self, export_id: UUID, link: str) -> None:
        """Raises ``NotFound`` for what is no link, and ``Forbidden`` for somebody else's and one
        that has ended."""
        try:
            user_id, ends_at = sealed_text.opened(
                link, cipher=await self._cipher(), kind=_LINK, object_id=str(export_id)
            )
        except ValueError as error:
            raise NotFound from error
        if user_id != str(signed_in().user.id) or self._console.now().timestamp() > ends_at:
            raise Forbidden

    async def _cipher(self) -> TenantCipher:
        return await self._console.parts.encryption.cipher(current_tenant().id)

    async def _ready(self, row_id: str) -> AuditExport:
        export = await self._named(row_id)
        if export.state is not ExportState.READY:
            raise NotFound
        return export

    async def _named(self, row_id: str) -> AuditExport:
        export = await exports.find(id_in_address(row_id), now=self._console.now())
        if export is None:
            raise NotFound
        return export

    async def _page(self, fields: AuditExportFields, faults: Mapping[str, str]) -> Response:
        there = await exports.every(now=self._console.now())
        under_way = any(each.state in UNDER_WAY for each in there)
        content = AuditExportsPage(
            frame=await self._console.frame(),
            exports=[_line(each) for each in there],
            action=frame.url(_HERE),
            under_way=under_way,
            live_url=frame.url(f"{_HERE}/live") if under_way else "",
            types=[(each, each) for each in sorted(Event)],
            severities=[(each, each) for each in Severity],
            fields=fields,
            faults=faults,
        )
        return self._console.show("audit_exports.html", content, 400 if faults else 200)


def _faults(fields: AuditExportFields) -> dict[str, str]:
    faults: dict[str, str] = {}
    for name in ("since", "to"):
        try:
            _day(getattr(fields, name))
        except ValueError:
            faults[name] = text("A day is written as 2026-03-31.")
    known = {
        "format": set(LogFormat),
        "type": {"", *Event},
        "severity": {"", *Severity},
        "outcome": set(_OUTCOMES),
    }
    for name, values in known.items():
        if getattr(fields, name) not in values:
            faults[name] = text("Choose one of them.")
    return faults


def _wanted(fields: AuditExportFields) -> Wanted:
    to, form = _day(fields.to), LogFormat(fields.format)
    chosen = EventSearch(
        since=_day(fields.since),
        to=to and to + timedelta(days=1),
        types=[fields.type] if fields.type else (),
        severities=[Severity(fields.severity)] if fields.severity else (),
        success=_OUTCOMES[fields.outcome],
        text=fields.search[:100],
    )
    return Wanted(form, fields.bom and form is LogFormat.CSV, chosen_events.told(chosen))


def _day(said: str) -> datetime | None:
    found = date.fromisoformat(said) if said else None
    if found is not None and found.year > _LAST_YEAR:
        raise ValueError(said)
    return None if found is None else datetime.combine(found, time(), UTC)


async def _within(tenant: Tenant, export: AuditExport) -> AsyncIterator[bytes]:
    # The body is sent when the request's own scope has ended.
    number = 0
    while True:
        with use_tenant(tenant):
            content = await audit_log.piece(export, number)
        if content is None:
            return
        yield content
        number += 1


def _may_remove(export: AuditExport) -> bool:
    requester = export.requester_type, export.requester_id
    return audit_log.may_remove(requester, actor=actor(), role=signed_in().user.role)


def _line(export: AuditExport) -> AuditExportLine:
    here = frame.url(f"{_HERE}/{export.id}")
    return AuditExportLine(
        link_action=f"{here}/link" if export.state is ExportState.READY else "",
        delete_action=f"{here}/delete" if _may_remove(export) else "",
        state=export.state,
        format=export.format.upper(),
        chosen=[f"{name}: {_words(value)}" for name, value in export.chosen.items()],
        requested_by=export.requested_by,
        rows=export.rows,
        total=export.total,
        percent=export.percent,
        megabytes=f"{export.size / _MEGABYTE:.1f}",
        sha256=export.sha256,
        created_at=export.created_at,
    )


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
