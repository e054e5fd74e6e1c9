"""What another tenant has, put into each place of a request, beside what nobody has."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote
from zlib import crc32

from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.storage.invalidation import EVERY_TOPIC
from authgate_testing import owned
from authgate_testing.matrix import reads
from authgate_testing.matrix.answers import Outcome
from authgate_testing.matrix.likeness import Likeness
from authgate_testing.matrix.lockstep import Lockstep
from authgate_testing.matrix.requests import Answer, App, Place, Request, ask
from authgate_testing.matrix.routes import Route, Routes
from authgate_testing.matrix.stored import Rows, Stored, Written
from authgate_testing.matrix.things import Household

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CREDENTIALS = frozenset({"cookie", "credentials"})
_FIRST_REFUSAL = 400

TURNS = 3
"""Days in which each kind of thing is asked for at each place where another kind belongs, and in
each place that a request does not have: all on one day take a minute of processor time more."""

Things = Mapping[str, Mapping[str, Any]]
"""A row of each table."""


class Variation(NamedTuple):
    """What is put into which places."""

    about: str
    """Of which table it is, or ``theirs`` for what the other tenant sends there itself."""
    changes: Mapping[Place, str]
    like: str = ""
    """What the one that nobody has is like, where one such is enough for several."""

    @property
    def places(self) -> str:
        """Where it is put."""
        return " + ".join(map(str, self.changes))


@dataclass(frozen=True, slots=True)
class Difference:
    """Something by which a tenant learns of another one, or does something to it."""

    route: Route
    variation: Variation
    what: str

    def __str__(self) -> str:
        return f"{self.route}: {self.variation.about} in {self.variation.places}: {self.what}"

    def is_about(self, kinds: Iterable[str]) -> bool:
        """Whether it comes of one of these kinds of places."""
        return not {place.kind for place in self.variation.changes}.isdisjoint(kinds)


@dataclass
class Trials:
    """Tries each route, with each set of places that its requests have."""

    app: App
    parts: Installation
    stored: Stored
    routes: Routes
    ours: Household
    theirs: Household
    requests: int = 0
    pairs: Counter[str] = field(default_factory=Counter)
    """Of foreign and unknown, by the kind of place."""
    reached: dict[Route, tuple[Request, Request]] = field(default_factory=dict)
    """Routes that have done what they were asked for, and by which requests."""
    things: set[str] = field(default_factory=set)
    """Tables with a row of the other tenant's while something was tried."""
    cached: set[tuple[str, object]] = field(default_factory=set)
    """Topics of caches, each with what keys in them began with."""
    differences: list[Difference] = field(default_factory=list)
    _likeness: Likeness = field(default_factory=lambda: Likeness(1))
    _tried: dict[object, set[str]] = field(default_factory=dict)
    _kept: Rows = field(init=False)
    _mine: set[str] = field(init=False)
    _unknown: dict[tuple[tuple[Place, str], ...], Outcome] = field(default_factory=dict)

    def lockstep(self) -> Lockstep:
        """The application, for clients of both tenants."""
        homes = self.ours, self.theirs
        tenants, words = (homes[0].tenant, homes[1].tenant), (homes[0].word, homes[1].word)
        return Lockstep(self.app, tenants, words, self._both_wait)

    async def _both_wait(self, ours: Request, theirs: Request) -> None:
        route = self.routes.of_request(ours)
        assert route == self.routes.of_request(theirs), f"out of step: {route}"
        known = self._tried.setdefault((route, dict(ours.form).get("grant_type")), set())
        places = {str(place) for place, _ in _differing(ours, theirs)}
        is_new = route not in self.reached or not places <= known
        if is_new and await self.both_try(route, ours, theirs, known):
            self.reached[route] = ours, theirs

    async def both_try(self, route: Route, ours: Request, theirs: Request, known: set[str]) -> bool:
        """Try a request that both are about to send, and say whether it does what it is for.

        Nothing is put into places that are ``known``, and then the others are as well.
        """
        self._kept, self._unknown = self.stored.keep(), {}
        self._mine = self._own_names()
        with reads.noted() as read:
            answer = await ask(self.app, ours, prefix=self.ours.tenant.prefix)
        self.cached |= {
            (cache.topic, key[0]) for cache in self.parts.caches for key in cache._values._kept
        }
        await self._undo(ours, answer, self.stored.written(self._kept))
        if answer.status >= _FIRST_REFUSAL or self._sends_to_sign_in(ours, answer):
            return False
        things = self._things()
        self.things |= things.keys()
        variations = list(self._variations(ours, theirs, read, things))
        for variation in variations:
            if variation.places not in known:
                await self._compare(route, ours, variation)
        known |= {variation.places for variation in variations}
        return True

    def _sends_to_sign_in(self, request: Request, answer: Answer) -> bool:
        """Whether a page was not given to whoever is not signed in, and is to come afterwards."""
        prefix = self.ours.tenant.prefix
        place, _, wanted = unquote(answer.location).partition("?return_to=")
        own = f"{prefix}/{'/'.join(request.path)}"
        return place == f"{prefix}/login" and wanted.partition("?")[0] in (own, f"{prefix}/")

    async def _undo(self, request: Request, answer: Answer, written: Written | None) -> None:
        """Make everything as it was before a request."""
        if written is not None:
            self.stored.put_back(self._kept, written)
            if answer.status < _FIRST_REFUSAL and request.method != "GET":
                self.parts.invalidations.forget(EVERY_TOPIC, None)

    async def _compare(self, route: Route, ours: Request, variation: Variation) -> None:
        own = ours.parts()
        random = {
            place: self._likeness.of(variation.like or value, own.get(place, ""))
            for place, value in variation.changes.items()
        }
        foreign = await self._outcome(route, ours, variation)
        key = tuple(random.items())
        if key not in self._unknown:
            unknown = variation._replace(changes=random)
            self._unknown[key] = await self._outcome(route, ours, unknown)
        self.pairs.update({place.kind for place in variation.changes})
        if difference := foreign.unlike(self._unknown[key]):
            self._note(route, variation, difference)

    async def _outcome(self, route: Route, ours: Request, variation: Variation) -> Outcome:
        self.requests += 1
        request = ours.having(variation.changes)
        answer = await ask(self.app, request, prefix=self.ours.tenant.prefix)
        written = self.stored.written(self._kept)
        events = self.stored.events(written) if written else []
        if written and written.foreign:
            self._note(route, variation, f"another tenant's rows are written: {written.foreign}")
        await self._undo(request, answer, written)
        outcome = Outcome.of(answer, events, sent=variation.changes.values())
        if told := outcome.around(self.theirs.word):
            self._note(route, variation, f"it tells of another tenant: {told}")
        return outcome

    def _note(self, route: Route, variation: Variation, what: str) -> None:
        self.differences.append(Difference(route, variation, what))

    def _variations(
        self, ours: Request, theirs: Request, read: reads.Read, things: Things
    ) -> Iterator[Variation]:
        foreign, own = dict(_differing(ours, theirs)), ours.parts()
        for place, value in foreign.items():
            yield Variation("theirs", {place: value})
        said = {place: value for place, value in foreign.items() if not _is_credential(place)}
        shown = {place: value for place, value in foreign.items() if place not in said}
        for several in (said, shown):
            if len(several) > 1:
                yield Variation("theirs", several)
        for place in said:
            where = f"{self.routes.of_request(ours)} {place}"
            yield from self._of_other_kinds(place, own[place], _whose_turn_it_is(things, where))
        yield from self._added(ours, read, things)

    def _of_other_kinds(self, place: Place, own: str, things: Things) -> Iterator[Variation]:
        """Where there is an id or a name, one of each of these kinds of things. Names that both
        have, as plugins do, stand for what is one's own."""
        if _UUID.fullmatch(own):
            for table, thing in things.items():
                yield Variation(table, {place: thing["id"]}, like=own)
        elif own in self._mine:
            for table, name in _named(things):
                if name not in self._mine:
                    yield Variation(table, {place: name})

    def _added(self, ours: Request, read: reads.Read, things: Things) -> Iterator[Variation]:
        """In places that the request does not have: those that its route looks at, and some that
        none should."""
        known = {place.name for place in ours.parts()}
        kind = "query" if ours.method == "GET" else "json" if ours.said is not None else "form"
        looked_at = {
            (kind if each == "parameter" else each, name): True for each, name in sorted(read)
        }
        route = self.routes.of_request(ours)
        looked_at |= self.routes.members(route)
        for (each, name), is_text in looked_at.items():
            if name not in known and _is_its_turn(f"{route} {each} {name}"):
                place = ours.besides(each, name)
                if is_text:
                    yield Variation("clients", {place: things["clients"]["client_id"]})
                if not is_text or each != "form":  # one is enough where pages are made again
                    yield Variation("users", {place: things["users"]["id"]})
        tenant = str(self.theirs.tenant.id)
        yield Variation("tenants", {ours.besides("header", "x-tenant-id"): tenant})
        yield Variation("tenants", {ours.besides("query", "tenant_id"): tenant})
        if kind != "query" and ours.media_type:
            yield Variation("tenants", {ours.besides(kind, "tenant_id"): tenant})

    def _things(self) -> Things:
        """The newest of each kind of thing that the other tenant has."""
        theirs = self.theirs.tenant.id
        found = {table: self.stored.newest(table, theirs) for table in owned.models()}
        return {table: row for table, row in found.items() if row}

    def _own_names(self) -> set[str]:
        ours = self.ours.tenant.id
        return {
            str(row[name])
            for table, names in _names().items()
            for row in self.stored.rows(table, ours)
            for name in names
        }


def _whose_turn_it_is(things: Things, where: str) -> Things:
    """Of the kinds of things those that are asked for at this place today; by and by it is each
    one's turn."""
    return {table: thing for table, thing in things.items() if _is_its_turn(f"{table} {where}")}


def _is_its_turn(what: str) -> bool:
    return crc32(what.encode()) % TURNS == utc_now().toordinal() % TURNS


def _named(things: Things) -> Iterator[tuple[str, str]]:
    """The texts by which things are told from others of their kind, each after its table."""
    for table, names in _names().items():
        for name in names if table in things else ():
            yield table, str(things[table][name])


@cache
def _names() -> Mapping[str, list[str]]:
    """Where such texts are, by table."""
    found = {}
    for table, model in owned.models().items():
        keys = [set(each) - {"tenant_id", "id"} for each in model._meta.unique_together]
        names = sorted({name for key in keys if len(key) == 1 for name in key})
        if texts := [each for each in names if model._meta.fields_map[each].field_type is str]:
            found[table] = texts
    return found


def _differing(ours: Request, theirs: Request) -> Iterator[tuple[Place, str]]:
    mine, other = ours.parts(), theirs.parts()
    for place, value in mine.items():
        if place in other and other[place] != value:
            yield place, other[place]


def _is_credential(place: Place) -> bool:
    return place.kind in _CREDENTIALS or place.name == "csrf_token"
