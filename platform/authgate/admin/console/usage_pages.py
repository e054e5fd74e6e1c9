"""``/admin/usage``: what the tenant uses, drawn, as files, and as it is stated month by month."""

from collections.abc import Collection
from datetime import date

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import languages
from authgate.admin.console import frame
from authgate.admin.console.frame import ROOT, Console
from authgate.permissions import Area, reads
from authgate.provisioning import usage_statements
from authgate.storage.metering import roll_up
from authgate.storage.metering.periods import BadPeriod, Period
from authgate.storage.metering.roll_up import UsageOfAll
from authgate.storage.metering.usage_days import USED
from authgate.storage.metering.usage_statements import UsageStatement
from authgate.web import csv_table, usage_chart
from authgate.web.usage_view_models import StatementLine, UsagePage
from authgate_tenants import current_tenant

_HERE = "/usage"


class UsagePages:
    """How much is used."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("usage")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.USAGE))
        routes.get(f"{ROOT}{_HERE}/days.csv", self.as_csv, reads(Area.USAGE))
        routes.get(f"{ROOT}{_HERE}/days.json", self.as_json, reads(Area.USAGE))
        routes.get(f"{ROOT}{_HERE}/statement", self.statement, reads(Area.USAGE))
        return routes.blueprint

    async def show(self) -> Response:
        """Charts of some days, beside as many before them."""
        now, fault = self._console.now(), ""
        try:
            period = self._period()
        except BadPeriod as error:
            period, fault = Period.of(None, None, now=now), str(error)
        found = await roll_up.by_day(USED, since=period.before.first, to=period.last, now=now)
        query = f"since={period.first}&to={period.last}"
        content = UsagePage(
            frame=await self._console.frame(),
            action=frame.url(_HERE),
            since=period.first,
            to=period.last,
            figures=usage_chart.figures(found, period),
            charts=usage_chart.charts(found, period),
            csv_url=frame.url(f"{_HERE}/days.csv?{query}"),
            json_url=frame.url(f"{_HERE}/days.json?{query}"),
            statements=await self._statements(),
            fault=fault,
        )
        return self._console.show("usage.html", content, 400 if fault else 200)

    async def _statements(self) -> list[StatementLine]:
        kept = await usage_statements.up_to_date(self._console.parts)
        trusted = usage_statements.signers(self._console.parts)
        return [_line(each, trusted) for each in kept]

    async def as_csv(self) -> Response:
        """The days as comma-separated values."""
        found = await self._found()
        rows = [
            (each.day, measure.value, each.detail, each.total) for measure, each in found.each()
        ]
        table = csv_table.table(("day", "measure", "detail", "total"), rows)
        return _file(table, "text/csv; charset=utf-8", f"{current_tenant().slug}-usage.csv")

    async def as_json(self) -> Response:
        """The days as the API has them."""
        said = usage_chart.written(await self._found())
        return _file(said, "application/json", f"{current_tenant().slug}-usage.json")

    async def statement(self) -> Response:
        """A signed statement, as a file."""
        month = request.args.get("month", "")
        for each in await usage_statements.up_to_date(self._console.parts):
            if f"{each.month:%Y-%m}" == month:
                name = f"{current_tenant().slug}-{month}.jws"
                return _file(f"{each.document}\n", "application/jose", name)
        raise NotFound

    async def _found(self) -> UsageOfAll:
        try:
            period = self._period()
        except BadPeriod as error:
            raise NotFound from error
        now = self._console.now()
        return await roll_up.by_day(USED, since=period.first, to=period.last, now=now)

    def _period(self) -> Period:
        since, to = (_day(request.args.get(name, "")) for name in ("since", "to"))
        return Period.of(since, to, now=self._console.now())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadPeriod(languages.text("A day is written as 2026-03-31.")) from error


def _line(statement: UsageStatement, trusted: Collection[str]) -> StatementLine:
    month = f"{statement.month:%Y-%m}"
    url = frame.url(f"{_HERE}/statement?month={month}")
    signed_here = usage_statements.read(statement, trusted).signed_here
    return StatementLine(statement.month, statement.issued_at, url, signed_here)


def _file(content: str | bytes, media_type: str, name: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
