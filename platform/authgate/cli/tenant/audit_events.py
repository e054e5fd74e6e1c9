"""``authgate audit list``, ``show`` and ``stats``: what happened at a tenant."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import people
from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.moments import moment
from authgate.cli.output import Csv, Format, Output, Record, say, show, show_all, show_csv

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="No more than this")]

_PAGE = 100
_MOST_LOOKS = 10
"""So many pages that find nothing are looked at before it is said how far that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which events are looked for."""

    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Only of this type; several may be given")
    ] = None
    area: Annotated[
        str | None, typer.Option(help="Only of this area: people, clients, tenant, protection, …")
    ] = None
    severity: Annotated[
        list[str] | None, typer.Option(help="INFO, WARNING or CRITICAL; several may be given")
    ] = None
    failed: Annotated[
        bool | None, typer.Option("--failed/--succeeded", help="Only what failed, or did not")
    ] = None
    user: Annotated[
        str | None,
        typer.Option(help="What this person did and what was done to them, by name, e-mail or id"),
    ] = None
    resource: Annotated[
        str | None, typer.Option(help="What was touched: the id of a client, group, connection, …")
    ] = None
    client: Annotated[str | None, typer.Option(help="Only about or through this client_id")] = None
    ip: Annotated[str | None, typer.Option(help="Only from this address or network")] = None
    session: Annotated[str | None, typer.Option(help="Only in this session")] = None
    request: Annotated[str | None, typer.Option(help="Only of this request, by its id")] = None
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="From then on: 2026-03-31T12:00Z, or 24h")
    ] = None
    to: Annotated[str | None, typer.Option(metavar="MOMENT", help="Before then")] = None
    search: Annotated[str | None, typer.Option(help="A part of a name, an id or the details")] = (
        None
    )

    def query(self, api: AdminApi) -> dict[str, Any]:
        """The same as the API names it. Raises ``NotFound`` and ``Misused``."""
        return {
            "types": ",".join(self.type_).upper() if self.type_ else None,
            "area": self.area,
            "severities": ",".join(self.severity).upper() if self.severity else None,
            "success": None if self.failed is None else not self.failed,
            "user_id": people.found(api, self.user)["id"] if self.user else None,
            "resource_id": self.resource,
            "client_id": self.client,
            "ip": self.ip,
            "session_id": self.session,
            "request_id": self.request,
            "since": moment(self.since).isoformat() if self.since else None,
            "to": moment(self.to).isoformat() if self.to else None,
            "search": self.search,
        }


def list_(
    *,
    tenant: OfTenant = None,
    sought: Sought,
    limit: Limit = 100,
    output: Output = Format.TABLE,
) -> None:
    """List what happened at a tenant, the newest first."""
    with administered(tenant) as api:
        items, looked_to = _found(api, sought.query(api), limit)
    show_all(items if output is Format.JSON else [_line(each) for each in items], output)
    if looked_to:
        say(f"Looked back to {looked_to}: --to {looked_to} goes on from there.")


def show_(
    event_id: Annotated[UUID, typer.Argument(metavar="ID", help="Id of the event")],
    tenant: OfTenant = None,
    output: Output = Format.TABLE,
) -> None:
    """Show all that is known of an event."""
    with administered(tenant) as api:
        show(api.get(within("audit-events", str(event_id))), output)


def _found(
    api: AdminApi, query: dict[str, Any], limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """So many events, and how far the look went where it ended before it had them."""
    items: list[dict[str, Any]] = []
    cursor = looked_to = None
    for _ in range(_MOST_LOOKS + limit // _PAGE):
        size = min(limit - len(items), _PAGE)
        page = api.get("/audit-events", **query, limit=size, cursor=cursor)
        items += page["items"]
        cursor, looked_to = page["next"], page["looked_to"]
        if cursor is None or len(items) >= limit:
            return items, None
    return items, looked_to


def _line(event: dict[str, Any]) -> Record:
    actor, resource = event["actor"], event["resource"]
    return {
        "id": event["id"],
        "time": event["occurred_at"],
        "event": event["event_type"],
        "severity": event["severity"],
        "success": event["success"],
        "actor": actor["name"] or actor["id"] or actor["type"],
        "about": resource["id"] or event["client_id"],
        "ip": event["ip"],
    }


def stats(
    tenant: OfTenant = None,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="From then on; 7d where not given")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="MOMENT", help="Before then; now")] = None,
    *,
    csv: Csv = False,
    output: Output = Format.TABLE,
) -> None:
    """Count what happened at a tenant, by hour, type, severity and outcome."""
    with administered(tenant) as api:
        told = api.get(
            "/audit-statistics",
            since=moment(since).isoformat() if since else None,
            to=moment(to).isoformat() if to else None,
        )
    if csv:
        show_csv(("hour", "event_type", "severity", "success", "total"), told["items"])
    elif output is Format.JSON:
        show(told, output)
    else:
        show_all(told["items"], output)
