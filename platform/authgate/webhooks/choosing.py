"""Which events an endpoint is sent: those of a type, of an area, or of a kind of life that it has
named; all of them where it has named nothing."""

from collections.abc import Collection, Iterator
from itertools import chain

from authgate.audit import Event
from authgate.audit.meanings import AREAS
from authgate.feeds import lifecycles
from authgate.plugin_api import Lifecycle
from authgate.storage.webhooks.endpoints import Endpoint, EndpointDraft
from authgate.storage.webhooks.sendings import Happened

MOST_NAMED = 200
"""Names of one list."""


class Choice:
    """What one endpoint wants."""

    def __init__(self, endpoint: Endpoint) -> None:
        areas = (AREAS.get(each, ()) for each in endpoint.areas)
        self._types = {*endpoint.event_types, *chain.from_iterable(areas)}
        self._lives = frozenset(endpoint.lifecycles)
        self._everything = not (self._types or endpoint.areas or self._lives)

    def has(self, event: Happened) -> bool:
        """Whether it wants this event."""
        if self._everything or event.type in self._types:
            return True
        return bool(self._lives) and event.success and lifecycles.of(event.type) in self._lives


def unknown(draft: EndpointDraft) -> Iterator[tuple[str, int]]:
    """The names of a draft that say nothing, each by its list and where it is there."""
    known: dict[str, Collection[str]] = {
        "event_types": set(Event),
        "areas": AREAS.keys(),
        "lifecycles": set(Lifecycle),
    }
    for field, names in known.items():
        for place, name in enumerate(getattr(draft, field)):
            if name not in names:
                yield field, place
