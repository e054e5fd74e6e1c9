"""Addresses of pages are compiled once in a run, however many servers answer at them.

For each address werkzeug makes out what it is made of, compiles functions that would write it, and
finds its place among the others. A test's server is its own, and would spend a third of its start
on them. Those that have the same addresses share what finds them.
"""

from collections.abc import Hashable, Iterator
from copy import copy
from typing import Any

import pytest
from quart import Quart
from quart.routing import QuartMap
from werkzeug.routing import Rule, RuleFactory

_SAID = (
    "alias",
    "build_only",
    "host",
    "merge_slashes",
    "provide_automatic_options",
    "redirect_to",
    "strict_slashes",
    "subdomain",
    "websocket",
)
"""What else an address says of itself."""


class _SharedMap(QuartMap):
    """Collects addresses until somebody looks for one, and then looks where all others do."""

    known: dict[Hashable, QuartMap]

    def __init__(self, *given: Any, **options: Any) -> None:
        self._addresses: list[Rule] = []
        super().__init__(*given, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        """Take an address."""
        self._addresses.extend(rulefactory.get_rules(self))
        self._remap = True

    def update(self) -> None:
        """Share, before anybody looks."""
        if not self._remap:
            return
        if self.converters != self.default_converters:
            finds = self._made()
        else:
            made_of = (self.host_matching, *map(_made_of, self._addresses))
            finds = self.known.get(made_of) or self.known.setdefault(made_of, self._made())
        self._matcher, self._rules_by_endpoint = finds._matcher, finds._rules_by_endpoint
        self._remap = False

    def _made(self) -> QuartMap:
        finds = QuartMap(host_matching=self.host_matching)
        finds.converters = self.converters
        for address in self._addresses:
            finds.add(copy(address))  # it can be in one map only
        finds.update()
        return finds


def _made_of(address: Rule) -> Hashable:
    return (
        address.rule,
        address.endpoint,
        frozenset(address.methods or ()),
        tuple((address.defaults or {}).items()),
        *(getattr(address, name) for name in _SAID),
    )


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    _SharedMap.known = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Quart, "url_map_class", _SharedMap)
        yield
