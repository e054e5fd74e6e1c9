"""Which rows are looked for, said from outside, and how far the database has to look for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final, Protocol
from uuid import UUID

from tortoise.expressions import Q

from authgate.storage.people.usernames import BadUsername, canonical


class BadComparison(ValueError):
    """Nothing is compared so. The text may be told."""


class Reach(IntEnum):
    """How far the database looks."""

    NARROW = 0
    """At a few rows, that an index leads to."""

    ORDERED = 1
    """At the rows of a list from its beginning, or from where it goes on."""

    WIDE = 2
    """At any number of rows, to find a few."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A condition on rows."""

    condition: Q
    reach: Reach

    def __and__(self, other: "Selection") -> "Selection":
        """Rows of both kinds: those of the narrower one are looked at."""
        for one, another in ((self, other), (other, self)):
            if one is EVERYTHING:
                return another
        is_narrow = Reach.NARROW in (self.reach, other.reach)
        reach = Reach.NARROW if is_narrow else Reach.WIDE
        return Selection(self.condition & other.condition, reach)

    def __or__(self, other: "Selection") -> "Selection":
        """Rows of either kind."""
        if self is EVERYTHING or other is EVERYTHING:
            return EVERYTHING
        is_narrow = self.reach is other.reach is Reach.NARROW
        reach = Reach.NARROW if is_narrow else Reach.WIDE
        return Selection(self.condition | other.condition, reach)

    def __invert__(self) -> "Selection":
        """All other rows."""
        if self is EVERYTHING:
            return NOTHING
        return Selection(~self.condition, Reach.WIDE)


EVERYTHING: Final = Selection(Q(), Reach.ORDERED)
NOTHING: Final = Selection(Q(id__isnull=True), Reach.NARROW)


class Attribute(Protocol):
    """What a row can be looked for by."""

    def compared(self, operator: str, value: object) -> Selection:
        """The rows of which the comparison holds, by an operator of RFC 7644 section 3.4.2.2.
        Raises ``BadComparison``."""

    def present(self) -> Selection:
        """The rows that have it. Raises ``BadComparison``."""


_LIKE: Final[Mapping[str, str]] = {"co": "contains", "sw": "startswith", "ew": "endswith"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text. In its ``canonical`` form every way to write it is the same; otherwise its case does
    not matter unless it is ``exact``."""

    column: str
    longest: int
    """Characters that the column holds."""
    unique: bool = False
    canonical: bool = False
    exact: bool = False
    nullable: bool = False

    def compared(self, operator: str, value: object) -> Selection:
        """As above."""
        if not isinstance(value, str):
            raise BadComparison("A text is compared with a text.")
        try:
            value.encode()  # a lone surrogate is no text
            wanted = canonical(value) if self.canonical else value
        except (BadUsername, UnicodeEncodeError):
            return NOTHING
        if "\0" in wanted or len(wanted) > self.longest:  # which the column does not hold
            return NOTHING
        as_it_is = self.canonical or self.exact
        match operator:
            case "eq":
                condition = _where(self.column if as_it_is else f"{self.column}__iexact", wanted)
                return Selection(condition, Reach.NARROW if self.unique else Reach.WIDE)
            case "ne":
                return ~self.compared("eq", value)
            case "co" | "sw" | "ew":
                how = f"{'' if as_it_is else 'i'}{_LIKE[operator]}"
                return Selection(_where(f"{self.column}__{how}", wanted), Reach.WIDE)
            case _:
                raise BadComparison("A text is not greater or less than another.")

    def present(self) -> Selection:
        """As above."""
        if self.nullable:
            return Selection(_where(f"{self.column}__isnull", False), Reach.WIDE)
        return EVERYTHING if self.unique else Selection(~_where(self.column, ""), Reach.WIDE)


@dataclass(frozen=True, slots=True)
class Id:
    """The id of a row, or of one that belongs to it."""

    named: Callable[[UUID], Q]
    own: bool = True
    """Whether it is the row's, so that each has one."""

    def compared(self, operator: str, value: object) -> Selection:
        """As above."""
        if operator == "ne":
            return ~self.compared("eq", value)
        if operator != "eq":
            raise BadComparison("An id is equal to another or it is not.")
        try:
            wanted = UUID(str(value))
        except ValueError:
            return NOTHING
        # There is one spelling, for which case matters.
        return Selection(self.named(wanted), Reach.NARROW) if str(wanted) == value else NOTHING

    def present(self) -> Selection:
        """As above."""
        if not self.own:
            raise BadComparison("Name one by eq.")
        return EVERYTHING


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether something is so."""

    true: Q
    false: Q

    def compared(self, operator: str, value: object) -> Selection:
        """As above."""
        if not isinstance(value, bool) or operator not in ("eq", "ne"):
            raise BadComparison("It is true or false.")
        wanted = value if operator == "eq" else not value
        return Selection(self.true if wanted else self.false, Reach.ORDERED)

    def present(self) -> Selection:
        """As above."""
        return EVERYTHING


@dataclass(frozen=True, slots=True)
class Word:
    """The same for every row that has it at all."""

    value: object
    where: Q

    def compared(self, operator: str, value: object) -> Selection:
        """As above."""
        if operator not in ("eq", "ne"):
            raise BadComparison("It is equal or it is not.")
        said = value.lower() if isinstance(value, str) else value
        is_so = (said == self.value) is (operator == "eq")
        return self.present() if is_so else NOTHING

    def present(self) -> Selection:
        """As above."""
        return Selection(self.where, Reach.WIDE)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened."""

    column: str

    def compared(self, operator: str, value: object) -> Selection:
        """As above."""
        way = {"eq": "", "gt": "__gt", "ge": "__gte", "lt": "__lt", "le": "__lte"}.get(operator)
        if way is None:
            raise BadComparison("A moment is equal to another, before or after it.")
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise BadComparison("A moment is written as 2026-03-02T09:12:44Z.") from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return Selection(_where(f"{self.column}{way}", moment), Reach.WIDE)

    def present(self) -> Selection:
        """As above."""
        return EVERYTHING


def _where(column: str, value: Any) -> Q:
    return Q(**{column: value})
