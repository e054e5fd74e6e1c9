"""Which events somebody has chosen, kept as JSON until a job goes through all of them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from authgate.storage.audit.event_search import EventSearch
from authgate.vocabulary import Severity

_UNSAID: tuple[object, ...] = (None, "", (), [])


def told(which: EventSearch) -> dict[str, Any]:
    """What is said, as JSON holds it."""
    said = {each.name: getattr(which, each.name) for each in fields(which)}
    return {name: _plain(value) for name, value in said.items() if value not in _UNSAID}


def of(said: Mapping[str, Any]) -> EventSearch:
    """From JSON."""
    read: dict[str, Any] = dict(said)
    for name in ("since", "to"):
        if name in read:
            read[name] = datetime.fromisoformat(read[name])
    if "network" in read:
        read["network"] = ip_network(read["network"])
    if "severities" in read:
        read["severities"] = [Severity(each) for each in read["severities"]]
    return EventSearch(**read)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return value if isinstance(value, bool) else str(value)
