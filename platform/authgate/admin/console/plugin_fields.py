"""Settings and forms of a plugin as fields, made of what the plugin says of them."""

import re
from collections.abc import Collection, Mapping, Sequence

from authgate.generated_secrets import generated
from authgate.languages import by_plugin
from authgate.plugin_api import ConfigField
from authgate.plugin_manager import kind_of
from authgate.provisioning.plugin_settings import PluginChange, TenantPlugin
from authgate.web.plugin_view_models import PluginSettingField

_NUMBER = re.compile(r"-?\d{1,20}")
_MAKE, _FORGET = "make-", "forget-"
_BEFORE = "set-"
"""In front of each name: a plugin's are its own, and the form has others."""


def fields(
    plugin: TenantPlugin,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Sequence[PluginSettingField]:
    """The settings, with what was typed into them, if anything was."""
    return drawn(plugin.fields, plugin.shown, kept=plugin.secrets, typed=typed, faults=faults)


def drawn(
    asked: Sequence[ConfigField],
    shown: Mapping[str, object],
    *,
    before: str = _BEFORE,
    kept: Collection[str] = (),
    stays: bool = True,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Sequence[PluginSettingField]:
    """Fields with what is in them, or with what was typed. ``kept`` are secrets that there are."""
    return [
        _field(
            each,
            f"{before}{each.name}",
            shown.get(each.name),
            is_kept=each.name in kept,
            stays=stays,
            typed=typed,
            fault=(faults or {}).get(each.name, ""),
        )
        for each in asked
    ]


def made(plugin: TenantPlugin, typed: Mapping[str, str]) -> dict[str, str]:
    """The secrets that are to be made rather than typed, made."""
    return {
        each.name: generated(each.generated)
        for each in plugin.fields
        if each.generated is not None and f"{_MAKE}{_BEFORE}{each.name}" in typed
    }


def change(plugin: TenantPlugin, typed: Mapping[str, str]) -> PluginChange:
    """What was typed. A secret that was left empty stays; so does what the form does not have."""
    config = sent(plugin.fields, typed)
    forgotten = [
        each.name
        for each in plugin.fields
        if each.secret and f"{_FORGET}{_BEFORE}{each.name}" in typed and each.name not in config
    ]
    return PluginChange(config=config, unset=forgotten)


def sent(
    asked: Sequence[ConfigField], typed: Mapping[str, str], *, before: str = _BEFORE
) -> dict[str, object]:
    """What was typed, by the fields' own names; without secrets that were left empty."""
    values: dict[str, object] = {}
    for each in asked:
        name = f"{before}{each.name}"
        if f"asked-{name}" in typed:
            values[each.name] = name in typed
        elif name in typed and (not each.secret or typed[name]):
            values[each.name] = _value(each, typed[name])
    return values


def _value(field: ConfigField, text: str) -> object:
    kind = kind_of(field)
    if kind == "list":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "number" and _NUMBER.fullmatch(text.strip()):
        return int(text)
    return text if kind == "secret" else text.strip()


def _field(
    field: ConfigField,
    name: str,
    now: object,
    *,
    is_kept: bool,
    stays: bool,
    typed: Mapping[str, str] | None,
    fault: str,
) -> PluginSettingField:
    kind = kind_of(field)
    ticked = is_kept if kind == "secret" else now is True
    text = "" if kind == "secret" else _as_typed(now)
    if typed is not None and kind != "secret":
        text, ticked = typed.get(name, ""), name in typed
    return PluginSettingField(
        name=name,
        label=by_plugin(field.label),
        hint=by_plugin(field.help),
        kind=kind,
        required=field.required,
        text=text,
        ticked=ticked,
        may_be_forgotten=kind == "secret" and ticked and not field.required,
        may_be_made=stays and field.generated is not None,
        fault=fault,
        stays=stays,
    )


def _as_typed(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(str(each) for each in value)
    return "" if value is None else str(value)
