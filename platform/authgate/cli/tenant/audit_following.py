"""``authgate audit tail`` from anywhere: the newest events and those to come, by the admin API."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from authgate.cli.doors.admin_api import AdminApi
from authgate.clock import utc_now

_PATH = "/audit-events"
_WAIT_SECONDS = 4
_PAGE = 100
# Who began earlier may commit later: their events are older than what was told already.
_STRAGGLERS = timedelta(seconds=10)

Event = dict[str, Any]


def newest(api: AdminApi, count: int) -> list[Event]:
    """The last events, oldest of them first."""
    items, _ = api.items(_PATH, limit=count) if count else ([], False)
    return items[::-1]


def beginning(api: AdminApi) -> tuple[datetime, set[str]]:
    """Since when somebody who begins now has to look, and the events that are there already."""
    # When the last one was, by the server's clock.
    last = newest(api, 1)
    start = _looked_from(last[0]) if last else utc_now() - _STRAGGLERS
    return start, {each["id"] for each in api.each(_PATH, since=start.isoformat())}


def following(api: AdminApi, *, start: datetime, told: set[str]) -> Iterator[list[Event]]:
    """Events that come, oldest first, each once and none that was told; for ever."""
    tag = ""
    while True:
        query = {"since": start.isoformat(), "limit": _PAGE}
        page, tag = api.again(_PATH, tag=tag, wait_seconds=_WAIT_SECONDS, **query)
        if page is None:
            continue
        items = page["items"]
        while page["next"] is not None:
            page = api.get(_PATH, **query, cursor=page["next"])
            items += page["items"]
        fresh = [each for each in reversed(items) if each["id"] not in told]
        told = {each["id"] for each in items}
        if fresh:
            yield fresh
        if len(items) > _PAGE // 2:
            start = _looked_from(items[0])


def _looked_from(newest_event: Event) -> datetime:
    return datetime.fromisoformat(newest_event["occurred_at"]) - _STRAGGLERS
