"""``authgate audit``."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from authgate.cli import installed
from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.doors.administered import administered
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, Record, show_all, show_line, show_words
from authgate.cli.tenant import audit_events as events_of_tenant
from authgate.cli.tenant import audit_exports, audit_following, audit_verification
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.lifecycle import all_tenants

app = Noun()
app.verb(example="audit export --format csv --since 7d --output audit.csv")(audit_exports.export)
app.verb(example="audit exports")(audit_exports.exports)
app.verb(example="audit show-export 01a22b9b-242f-72ca-909d-473febcc52b1")(
    audit_exports.show_export
)
app.verb(example="audit take-export 01a22b9b-242f-72ca-909d-473febcc52b1 audit.csv")(
    audit_exports.take_export
)
app.verb(example="audit delete-export 01a22b9b-242f-72ca-909d-473febcc52b1")(
    audit_exports.delete_export
)

OneTenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        "-t",
        "--issuer",
        help="Slug of one tenant, or its issuer, from anywhere; all of this machine's where not"
        " given",
        metavar="SLUG|ISSUER",
    ),
]
Lines = Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to begin with")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on as events happen")]

_LOOK_AGAIN_SECONDS = 1.0
_MOST_AT_ONCE = 1000
# A transaction that began earlier may commit later: its events have the smaller ids.
_STRAGGLERS = timedelta(seconds=10)


@app.callback()
def audit() -> None:
    """Read the audit log, and check that it is as it was."""


app.verb(example="audit verify --tenant acme --checkpoint acme.checkpoint")(
    audit_verification.verify
)
app.verb(example="audit verification --tenant acme --begin")(audit_verification.verification)
app.verb(example="audit checkpoint --tenant acme")(audit_verification.checkpoint)
app.verb(example="audit seals --tenant acme")(audit_verification.seals)
app.verb("seal-keys", example="audit seal-keys")(audit_verification.seal_keys)


@app.verb(example="audit tail -t acme --follow")
def tail(
    tenant: OneTenant = None,
    lines: Lines = 20,
    follow: Follow = False,
    output: Output = Format.TABLE,
) -> None:
    """Show the newest events; with --follow one line for each (with -o json, a JSON object).

    An issuer is asked by its admin API, from anywhere.
    """
    if tenant is not None and "://" in tenant:
        with suppress(KeyboardInterrupt), administered(tenant) as api:
            _tail_of(api, lines, follow=follow, output=output)
        return
    if not follow:
        events = asyncio.run(_newest(tenant, lines))
        show_all(events if output is Format.JSON else [_summary(each) for each in events], output)
        return
    with suppress(KeyboardInterrupt):
        asyncio.run(_follow(tenant, lines, output))


def _tail_of(api: AdminApi, lines: int, *, follow: bool, output: Format) -> None:
    if not follow:
        events = audit_following.newest(api, lines)
        show_all(events if output is Format.JSON else [_summary(each) for each in events], output)
        return
    start, told = audit_following.beginning(api)
    events = audit_following.newest(api, lines)
    _tell(events, output)
    told |= {event["id"] for event in events}
    for some in audit_following.following(api, start=start, told=told):
        _tell(some, output)


async def _newest(slug: str | None, count: int) -> list[Record]:
    async with installed.opened() as parts:
        return await _Log(parts, slug).newest(count)


async def _follow(slug: str | None, count: int, output: Format) -> None:
    async with installed.opened() as parts:
        log = _Log(parts, slug)
        recent, newest = await log.recent(), await log.newest(count)
        told = {event["id"] for event in (*recent, *newest)}
        _tell(newest, output)
        while True:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            recent = await log.recent()
            _tell([event for event in recent if event["id"] not in told], output)
            told = {event["id"] for event in recent}


class _Log:
    """The events of one tenant, or of all of them."""

    def __init__(self, parts: Installation, slug: str | None) -> None:
        self._parts = parts
        self._slug = slug

    async def newest(self, count: int) -> list[Record]:
        """The last events, oldest of them first."""
        return (await self._events(limit=count))[-count:] if count else []

    async def recent(self) -> list[Record]:
        """The events of the last seconds."""
        since = int((utc_now() - _STRAGGLERS).timestamp() * 1000)
        # The ids are UUIDs of version 7: they begin with the time in milliseconds.
        return await self._events(limit=_MOST_AT_ONCE, after=UUID(int=since << 80))

    async def _events(self, *, limit: int, after: UUID | None = None) -> list[Record]:
        found: list[Record] = []
        async for tenant in self._tenants():
            with use_tenant(tenant):
                events = await audit_events.latest(limit=limit, after=after)
            found += [_record(tenant, event) for event in events]
        return sorted(found, key=lambda event: str(event["id"]))

    async def _tenants(self) -> AsyncIterator[Tenant]:
        slugs = [self._slug] if self._slug else [row.slug async for row in all_tenants()]
        for slug in slugs:
            yield await installed.tenant(self._parts, slug)


def _record(tenant: Tenant, event: AuditEvent) -> Record:
    return {
        "id": event.id,
        "occurred_at": event.occurred_at,
        "tenant": tenant.slug,
        "event_type": event.event_type,
        "severity": event.severity,
        "success": event.success,
        "actor": {"type": event.actor_type, "id": event.actor_id, "name": event.actor_name},
        "client_id": event.client_id,
        "resource": {"type": event.resource_type, "id": event.resource_id},
        "ip": event.ip,
        "user_agent": event.user_agent,
        "request_id": event.request_id,
        "session_id": event.session_id,
        "details": event.details,
    }


def _summary(event: Record) -> Record:
    actor, resource = event["actor"], event["resource"]
    return {
        "time": event["occurred_at"],
        **({"tenant": event["tenant"]} if "tenant" in event else {}),
        "event": event["event_type"],
        "severity": event["severity"],
        "actor": actor["name"] or actor["id"] or actor["type"],
        "about": resource["id"] or event["client_id"],
        "ip": event["ip"],
    }


def _tell(events: Sequence[Record], output: Format) -> None:
    for event in events:
        if output is Format.JSON:
            show_line(event)
        else:
            show_words(_summary(event))
    sys.stdout.flush()


app.verb("list", example="audit list --user mira --since 7d")(events_of_tenant.list_)
app.verb(example="audit stats --since 24h")(events_of_tenant.stats)
app.verb("show", example="audit show 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")(events_of_tenant.show_)
