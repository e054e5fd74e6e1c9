"""What would change of a collection: what comes, what becomes another, and what goes."""

from collections.abc import Mapping
from typing import Any

from authgate.api.bodies import pointer
from authgate.cli.declaration import sections
from authgate.cli.declaration.differences import Difference, between, patch
from authgate.cli.declaration.plan import Act, Change, Request
from authgate.cli.declaration.sections import Section
from authgate.cli.declaration.state import State
from authgate.cli.declaration.tenant_file import Declaration

Said = Mapping[str, Any]


def coming(section: Section, declared: Declaration, state: State) -> list[Change]:
    """What is made, and what becomes another."""
    found: list[Change] = []
    for place, item in enumerate(declared.items[section.name] or ()):
        where = pointer((section.name, place))
        known = state.items(section).get(sections.key_of(section, item))
        if known is None:
            found.append(_created(section, item, where))
        elif _differ(section, known, item):
            found += _changed(section, item, state, known, where)
    return found


def going(section: Section, declared: Declaration, state: State) -> list[Change]:
    """What is removed: where the file says all that there is, what it does not say."""
    if not declared.manages(section.name):
        return []
    said = {sections.key_of(section, each) for each in declared.items[section.name] or ()}
    return [
        _deleted(section, state, known)
        for key, known in state.items(section).items()
        if key not in said and sections.is_own(section, known)
    ]


def _created(section: Section, item: Said, pointer: str) -> Change:
    said = {name: it for name, it in item.items() if it is not None}
    shown = sections.unlike_default(section, item)
    differ = [Difference(name, None, it) for name, it in shown.items() if name != section.key]
    request = Request("POST", section.path, said)
    return Change(
        Act.CREATE, section.name, sections.key_of(section, item), differ, [request], pointer
    )


def _changed(
    section: Section, item: Said, state: State, known: dict[str, Any], pointer: str
) -> list[Change]:
    now = state.one(section, known)
    differ = _differ(section, now.item, item)
    if not differ:
        return []
    body = patch(sections.present(section, now.item), sections.wanted(section, item))
    request = Request("PATCH", section.place(known), body, now.etag)
    return [Change(Act.UPDATE, section.name, known[section.key], differ, [request], pointer)]


def _differ(section: Section, known: Said, item: Said) -> list[Difference]:
    before, after = sections.present(section, known), sections.wanted(section, item)
    return list(between(before, after))


def _deleted(section: Section, state: State, known: dict[str, Any]) -> Change:
    request = Request("DELETE", section.place(known), etag=state.one(section, known).etag)
    return Change(Act.DELETE, section.name, known[section.key], [], [request])
