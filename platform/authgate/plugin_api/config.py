"""How a plugin declares the settings that a tenant gives it.

A frozen dataclass is the schema: each field says its type, its default if it has one, and with
``Setting`` what it means. The server makes forms and documentation of it, and keeps every
``Secret`` sealed at rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

ConfigT = TypeVar("ConfigT")
_NUMBERS = 2**63
_LONGEST_DOCUMENT = 40_000


class ConnectorConfigError(ValueError):
    """A setting is missing or wrong. Names the field and the fault, never the value."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}")
        self.field = field
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that no log, page or traceback shows."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself, for the moment of its use."""
        return self._value


@dataclass(frozen=True, slots=True)
class Setting:
    """What a field means, for the person who fills it in."""

    help: str
    """A sentence, shown beside the field."""

    label: str = ""
    """Heading of the field in a form; the field's name where empty."""

    place: bool = False
    """Whether it says where secrets are sent: who changes it has to know them."""

    generated: str | None = None
    """What a ``Secret`` begins with that may be made rather than typed; 32 random bytes in base64
    follow. Who sets it is shown it once."""

    lines: bool = False
    """Whether a ``str`` is a document of many lines, and at most 40,000 characters."""

    vouches: bool = False
    """Whether it says whose word counts for who people are, where ``place`` does not say that
    already. Who changes it could be everybody that the connection knows: nobody does who may less
    than one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigField:
    """One setting as forms and documentation see it."""

    name: str
    """The field's own name, as commands and stored settings have it."""

    label: str
    """Heading of the field in a form."""

    help: str
    """What it means, for the person who fills it in."""

    type: object
    """``str``, ``int``, ``bool``, ``tuple[str, ...]`` or ``Secret``."""

    required: bool
    """Whether a connection cannot do without it."""

    default: object = None
    """What holds where nothing is given."""

    place: bool = False
    """Whether it says where secrets are sent, so that a change asks for them anew."""

    generated: str | None = None
    """What a secret begins with that may be made rather than typed."""

    lines: bool = False
    """Whether it is a document of many lines."""

    vouches: bool = False
    """Whether it says whose word counts for who people are; what is a place says so too."""

    @property
    def secret(self) -> bool:
        """Whether the value is sealed at rest and never shown again."""
        return self.type is Secret


def config_fields(config_type: type[object]) -> tuple[ConfigField, ...]:
    """The settings that a config class declares. Raises ``TypeError`` where it is not a frozen
    dataclass, or has a field without ``Setting`` or of a type that no form can ask for."""
    if not is_dataclass(config_type) or not config_type.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # not in typeshed
        raise TypeError(f"{config_type.__name__} is not a frozen dataclass.")
    hints = get_type_hints(config_type, include_extras=True)
    return tuple(
        _described(each.name, hints[each.name], each.default) for each in fields(config_type)
    )


def parse_config(config_type: type[ConfigT], raw: Mapping[str, object]) -> ConfigT:
    """What a tenant's administrator entered, checked. Raises ``ConnectorConfigError``."""
    known = config_fields(config_type)
    for name in raw.keys() - {each.name for each in known}:
        raise ConnectorConfigError(name, "is not a setting here")
    values: dict[str, Any] = {}
    for each in known:
        if each.name in raw:
            values[each.name] = _checked(each, raw[each.name])
        elif each.required:
            raise ConnectorConfigError(each.name, "is missing")
    return config_type(**values)


def _described(name: str, hint: object, default: object) -> ConfigField:
    plain, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    setting = next((note for note in notes if isinstance(note, Setting)), None)
    if setting is None:
        raise TypeError(f"The config field {name!r} has no Setting that says what it means.")
    if plain not in _READERS or (setting.lines and plain is not str):
        raise TypeError(f"The config field {name!r} has a type that no form can ask for.")
    return ConfigField(
        name=name,
        label=setting.label or name,
        help=setting.help,
        type=plain,
        required=default is MISSING,
        default=None if default is MISSING else default,
        place=setting.place,
        generated=setting.generated if plain is Secret else None,
        lines=setting.lines,
        vouches=setting.vouches,
    )


def _checked(setting: ConfigField, value: object) -> object:
    try:
        read = _document(value) if setting.lines else _READERS[setting.type](value)
    except ValueError as fault:
        raise ConnectorConfigError(setting.name, str(fault)) from None
    if setting.required and value in ("", [], ()):
        raise ConnectorConfigError(setting.name, "must not be empty")
    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if len(value) > 4096 or any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("must be one line of at most 4096 characters")
    return value


def _document(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    plain = value.replace("\r\n", "\n").strip()
    if len(plain) > _LONGEST_DOCUMENT or any(
        (ord(char) < 32 and char not in "\n\t") or ord(char) == 127 for char in plain
    ):
        raise ValueError(f"must be text of at most {_LONGEST_DOCUMENT:,} characters")
    return plain


def _secret(value: object) -> Secret:
    return Secret(_text(value))


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    if not -_NUMBERS <= value < _NUMBERS:
        raise ValueError("must be a number that 64 bits hold")
    return value


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError("must be a list of texts")
    return tuple(_text(each) for each in value)


_READERS: Mapping[object, Callable[[object], object]] = {
    str: _text,
    int: _number,
    bool: _switch,
    tuple[str, ...]: _texts,
    Secret: _secret,
}
