"""Settings of a tenant as fields of a form, made of their types. The template has the words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from authgate import languages
from authgate.web.setting_view_models import FieldKind, SettingField
from authgate_tenants import TenantSettings, typed_settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_DEFAULTS = TenantSettings()


class BadSettings(ValueError):
    """What was typed cannot be; ``faults`` are by the setting."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


def fields(
    names: Sequence[str],
    settings: TenantSettings,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> list[SettingField]:
    """The fields of these settings, with what was typed into them, if anything was."""
    return [_field(name, settings, typed, (faults or {}).get(name, "")) for name in names]


def chosen(
    names: Sequence[str], typed: Mapping[str, str], before: TenantSettings
) -> TenantSettings:
    """The settings with what was typed. Raises ``BadSettings``."""
    said = {name: _value(name, typed) for name in names if _is_asked(name, typed)}
    try:
        return typed_settings().validate_python(asdict(before) | said)
    except ValidationError as error:
        faults = {str(each["loc"][0]): _fault(each) for each in error.errors()}
        raise BadSettings(faults) from error


def _fault(error: "ErrorDetails") -> str:
    bounds = error.get("ctx", {})
    match error["type"]:
        case "int_parsing" | "int_type":
            return languages.text("A whole number.")
        case "greater_than":  # of whole numbers alone
            return languages.text("At least %(least)s.", least=bounds["gt"] + 1)
        case "greater_than_equal":
            return languages.text("At least %(least)s.", least=bounds["ge"])
        case "less_than_equal":
            return languages.text("At most %(most)s.", most=bounds["le"])
        case "string_too_long":
            return languages.text("At most %(most)s characters.", most=bounds["max_length"])
        case "string_pattern_mismatch":
            return languages.text("It has to match %(pattern)s.", pattern=bounds["pattern"])
        case "literal_error":
            return languages.text("One of %(choices)s.", choices=bounds["expected"])
    return error["msg"]


def written(value: object) -> str:
    """A setting's value for people."""
    if isinstance(value, bool):
        return languages.text("yes") if value else languages.text("no")
    return as_typed(value).replace("\n", ", ") or "-"


def _field(
    name: str, settings: TenantSettings, typed: Mapping[str, str] | None, fault: str
) -> SettingField:
    value, kind = getattr(settings, name), _kind(name)
    is_typed = typed is not None and _is_asked(name, typed)
    return SettingField(
        name=name,
        kind=kind,
        text=typed.get(name, "") if is_typed and typed else as_typed(value),
        ticked=bool(typed.get(name)) if is_typed and typed else value is True,
        choices=_schema()[name].get("enum", ()),
        fault=fault,
        changed=value != getattr(_DEFAULTS, name),
    )


def _is_asked(name: str, typed: Mapping[str, str]) -> bool:
    # A box that is not ticked sends nothing, but what goes with it is sent.
    return name in typed or f"asked-{name}" in typed


def _value(name: str, typed: Mapping[str, str]) -> object:
    text = typed.get(name, "").strip()
    default = getattr(_DEFAULTS, name)
    if isinstance(default, bool):
        return bool(text)
    if isinstance(default, tuple):
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    if isinstance(default, Mapping):
        pairs = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
        return {key: "".join(value) for key, *value in pairs}
    return text


def _kind(name: str) -> FieldKind:
    default = getattr(_DEFAULTS, name)
    if isinstance(default, bool):
        return FieldKind.SWITCH
    if isinstance(default, int):
        return FieldKind.NUMBER
    if isinstance(default, tuple | Mapping):
        return FieldKind.LINES
    return FieldKind.CHOICE if "enum" in _schema()[name] else FieldKind.TEXT


def as_typed(value: object) -> str:
    """A setting's value as a form sends it."""
    if isinstance(value, Mapping):
        return "\n".join(f"{name} {each}" for name, each in value.items())
    return "\n".join(value) if isinstance(value, tuple) else str(value)


@cache
def _schema() -> dict[str, Any]:
    found: dict[str, Any] = typed_settings().json_schema()["properties"]
    return found
