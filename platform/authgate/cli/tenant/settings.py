"""What a tenant chooses, as it is typed: ``KEY=VALUE``, lists with commas, limits by their name."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from authgate import plugin_manager
from authgate.cli.failures import Misused
from authgate_tenants import TenantSettings, typed_settings


def changed(
    settings: TenantSettings, pairs: Iterable[str], *, unset: Iterable[str] = ()
) -> TenantSettings:
    """These settings with what was typed. Raises ``Misused`` and ``UnknownTenantSetting``."""
    chosen: dict[str, Any] = asdict(settings)
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Misused(f"{pair!r} is not KEY=VALUE.")
        _put(chosen, key, value)
    for key in unset:
        _take_back(chosen, key)
    wanted = _checked(settings.changed(chosen))
    _refuse_strangers(set(wanted.enabled_plugins) - set(settings.enabled_plugins))
    return wanted


def _put(chosen: dict[str, Any], key: str, value: str) -> None:
    name, dot, inner = key.partition(".")
    if dot and isinstance(chosen.get(name), dict):
        chosen[name] = {**chosen[name], inner: value}
    elif isinstance(chosen.get(key), tuple):
        chosen[key] = [each for each in value.split(",") if each]
    else:
        chosen[key] = value


def _take_back(chosen: dict[str, Any], key: str) -> None:
    name, dot, inner = key.partition(".")
    if dot and isinstance(chosen.get(name), dict):
        chosen[name] = {each: it for each, it in chosen[name].items() if each != inner}
    else:
        # A name that does not exist stays, to be refused as every other.
        chosen[key] = getattr(TenantSettings(), key, None)


def _checked(settings: TenantSettings) -> TenantSettings:
    try:
        return typed_settings().validate_python(asdict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        raise Misused(f"{first['loc'][0]}: {first['msg']}.") from error


def _refuse_strangers(plugins: set[str]) -> None:
    if plugins:
        there = [name for name, _ in plugin_manager.load().list_name_plugin()]
        for name in plugins.difference(there):
            raise Misused(f"There is no plugin {name!r} here; there are {', '.join(there)}.")
