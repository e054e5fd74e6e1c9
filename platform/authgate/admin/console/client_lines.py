"""Clients as lists show them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from authgate.admin.console import frame
from authgate.admin.console.client_kinds import grant_names, kind_of
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.metering import periods, usage_days
from authgate.storage.metering.usage_days import Measure
from authgate.web.console_view_models import ClientLine

USED_WITHIN = timedelta(days=90)
"""For so long a list looks back for the last use of a client: it reads no more rows the longer a
client is there."""


def path(client: Client) -> str:
    """Where a client is, below the console."""
    return f"/clients/{client.id}"


def url(client: Client) -> str:
    """The address of a client's page."""
    return frame.url(path(client))


def version(client: Client) -> str:
    """Which state of a client a page shows: what is decided about is what was seen."""
    return client.updated_at.isoformat()


async def lines(found: Sequence[Client], *, now: datetime) -> list[ClientLine]:
    """Clients in a list."""
    ids = [each.client_id for each in found]
    unseen = await clients.unseen_among(ids)
    used = await usage_days.last_days(Measure.TOKENS, ids, since=periods.today(now - USED_WITHIN))
    return [
        replace(line(each), unseen=each.client_id in unseen, last_used=used.get(each.client_id))
        for each in found
    ]


def line(client: Client) -> ClientLine:
    """A client in a list."""
    return ClientLine(
        url=url(client),
        name=client.name,
        client_id=client.client_id,
        kind=kind_of(client),
        public=client.is_public,
        grants=grant_names(client),
        status=client.status,
        created_at=client.created_at,
        field=f"client-{client.id}",
    )
