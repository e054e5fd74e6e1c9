"""Choices that are stored as JSON, without those that are as they begin."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from _typeshed import DataclassInstance as _Dataclass
else:
    _Dataclass = object


class StoredChoices(_Dataclass):
    """A frozen dataclass each of whose fields has a default."""

    __slots__ = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read what is stored, ignoring names this version does not know."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: _frozen(value) for name, value in raw.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        """Only what differs from the defaults, so that a better default reaches what is stored."""
        defaults = type(self)()
        return {
            name: value for name, value in asdict(self).items() if value != getattr(defaults, name)
        }


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
