"""Columns of a table, whose values are told as JSON and taken from it again.

Both databases tell a value in the same way, so a tenant is the same file wherever it lives.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from tortoise.fields.base import Field
from tortoise.models import Model

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.database import Dialect


class UnfitValue(ValueError):
    """A value that its column cannot hold. The text says of which column."""


class _Codec(NamedTuple):
    tell: Callable[[Any], Any]
    """From what either driver returns to what JSON holds."""
    take: Callable[[Any], Any]
    """Back, to what ``encoded`` takes. Raises what makes it unfit."""


def _moment(value: datetime | str) -> str:
    told = connection.moment(value).astimezone(UTC)
    return told.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _taken_moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment.astimezone(UTC)


def _day(value: date | str) -> str:
    return value if isinstance(value, str) else value.isoformat()


def _text(value: Any) -> str:
    # PostgreSQL holds no NUL, and a lone surrogate is no text.
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no text")
    value.encode()
    return value


def _number(value: Any) -> int:
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError("no whole number")
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def _taken_json(value: Any) -> str:
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if "\\u0000" in text:
        raise ValueError("holds NUL")
    return text


_CODECS: Mapping[Any, _Codec] = {
    UUID: _Codec(str, lambda value: UUID(_text(value))),
    datetime: _Codec(_moment, _taken_moment),
    date: _Codec(_day, lambda value: date.fromisoformat(_text(value))),
    bool: _Codec(bool, _truth),
    int: _Codec(int, _number),
    str: _Codec(str, _text),
    bytes: _Codec(
        lambda value: b64encode(bytes(value)).decode("ascii"),
        lambda value: b64decode(_text(value), validate=True),
    ),
    dict | list: _Codec(_json, _taken_json),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    kind: Any
    """What its values are: a type of Python's."""
    optional: bool
    """Whether it may hold nothing."""
    longest: int | None
    choices: frozenset[str] | None
    default: Any
    """What it holds where nothing is said; ``None`` where something has to be."""

    def told(self, value: Any) -> Any:
        """A stored value as JSON holds it."""
        return None if value is None else _CODECS[self.kind].tell(value)

    def taken(self, value: Any) -> Any:
        """A value from JSON, ready to be stored. Raises ``UnfitValue``."""
        if value is None:
            if not self.optional:
                raise UnfitValue(f"{self.name} holds nothing")
            return None
        try:
            found = _CODECS[self.kind].take(value)
        except (ValueError, TypeError) as error:
            raise UnfitValue(f"{self.name} holds what it cannot") from error
        if self.longest is not None and len(found) > self.longest:
            raise UnfitValue(f"{self.name} is longer than {self.longest} characters")
        if self.choices is not None and found not in self.choices:
            raise UnfitValue(f"{self.name} is none of {', '.join(sorted(self.choices))}")
        return found


def taken_row(row: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """Values of a row from JSON, those that it lacks by their defaults. Raises ``UnfitValue``."""
    unknown = row.keys() - {column.name for column in columns}
    if unknown:
        raise UnfitValue(f"this version does not know {', '.join(sorted(unknown))}")
    return {
        column.name: column.taken(
            row[column.name] if column.name in row else column.told(column.default)
        )
        for column in columns
    }


def for_driver(values: list[Any], dialect: Dialect) -> list[Any]:
    """Values that were taken, as the driver of this database takes them."""
    if dialect == "postgres":
        return values
    return encoded([each.isoformat() if type(each) is date else each for each in values], dialect)


def columns_of(model: type[Model]) -> tuple[Column, ...]:
    """The columns of a model but that of its tenant, by name. Raises ``KeyError`` for one of a
    kind that nobody has said how to tell."""
    fields = model._meta.fields_map  # noqa: SLF001  # Tortoise offers no other way
    stored = model._meta.fields_db_projection  # noqa: SLF001  # as above
    return tuple(_column(name, fields[name]) for name in sorted(stored) if name != "tenant_id")


def _column(name: str, field: Field[Any]) -> Column:
    choices = getattr(field, "enum_type", None)
    kind = str if choices is not None else field.field_type
    if kind not in _CODECS:
        raise KeyError(f"{name}: nobody says how a {kind} is told in a file")
    default = field.default() if callable(field.default) else field.default
    return Column(
        name=name,
        kind=kind,
        optional=bool(field.null),
        longest=getattr(field, "max_length", None) if kind is str else None,
        choices=frozenset(each.value for each in choices) if choices is not None else None,
        default=default,
    )
