"""What tenants set for plugins: which settings there are, and that what is set makes sense.

A plugin's own checks run with it, so they are contained as everything of it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

import pluggy

from authgate.plugin_api import (
    ConfigField,
    ConnectorConfigError,
    config_fields,
    hookspecs,
    parse_config,
)
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.containment import WrongResult
from authgate.plugin_manager.isolation import Isolation, Target
from authgate.plugin_manager.loading import PluginRefused
from authgate.plugin_manager.registrations import registered


class NotConfigured(LookupError):
    """The plugin has settings that it cannot do without, and the tenant has set none yet."""


class OpenedSettings(Protocol):
    """All that a tenant has set for a plugin, secrets opened."""

    @property
    def values(self) -> Mapping[str, object] | None:
        """``None`` where it is nothing."""
        ...

    @property
    def made(self) -> list[object]:
        """What was made of them, once it was: secrets are in it too, so it goes with them."""
        ...


class ConfigSource(Protocol):
    """Whoever keeps what tenants have set."""

    async def of(self, plugin: str, *, tenant_id: UUID) -> OpenedSettings:
        """What this tenant, which is in scope, has set for the plugin; the same object for as long
        as it is the same."""
        ...


class ConfigTypes:
    """Which settings the installed plugins have."""

    def __init__(self, installed: pluggy.PluginManager) -> None:
        self.types: Mapping[str, type[object]] = MappingProxyType(_registered(installed))

    def fields(self, plugin: str) -> tuple[ConfigField, ...]:
        """The settings of a plugin; none where it has none."""
        kind = self.types.get(plugin)
        return config_fields(kind) if kind else ()

    def known(self, plugin: str, raw: Mapping[str, object]) -> dict[str, object]:
        """What of this is a setting of the plugin: another version may have had others."""
        names = {each.name for each in self.fields(plugin)}
        return {name: value for name, value in raw.items() if name in names}

    def needs(self, plugin: str) -> bool:
        """Whether it can do nothing before somebody has set something."""
        return any(each.required for each in self.fields(plugin))


class Configs:
    """The settings of plugins as they are handed to them."""

    def __init__(self, types: ConfigTypes, *, source: ConfigSource, isolation: Isolation) -> None:
        self._types = types
        self._source = source
        self._isolation = isolation

    async def of(self, target: Target) -> object:
        """What the plugin is given as ``config``; ``None`` where it has no settings.

        Raises ``NotConfigured``, and ``PluginFailed`` where what is set is not fit any more.
        """
        kind = self._types.types.get(target.plugin)
        if kind is None:
            return None
        opened = await self._source.of(target.plugin, tenant_id=target.tenant_id)
        if opened.made:
            return opened.made[0]
        if opened.values is None and self._types.needs(target.plugin):
            raise NotConfigured(target.plugin)
        made = await self.made(target, self._types.known(target.plugin, opened.values or {}))
        opened.made[:] = [made]
        return made

    async def made(self, target: Target, raw: Mapping[str, object]) -> object:
        """What the plugin is given of these. Raises ``PluginFailed`` where they are not fit."""
        kind = self._types.types.get(target.plugin)
        if kind is None:
            return None
        return await self._isolation.run(
            partial(parse_config, kind, raw),
            replace(target, part="config"),
            budget=rules_of(hookspecs.register_config).budget,
            accept=partial(_checked, kind),
        )

    async def check(self, plugin: str, raw: Mapping[str, object], *, tenant_id: UUID) -> None:
        """Whether a plugin could work with this. Raises ``ConnectorConfigError`` for the setting
        that is wrong, and ``PluginFailed``."""
        kind = self._types.types.get(plugin)
        if kind is None:
            for name in raw:
                raise ConnectorConfigError(name, "is not a setting: the plugin has none")
            return
        await self._isolation.run(
            partial(parse_config, kind, raw),
            Target(tenant_id=tenant_id, plugin=plugin, call="config"),
            budget=rules_of(hookspecs.register_config).budget,
            accept=partial(_checked, kind),
            answers=(ConnectorConfigError,),
        )


def _checked(kind: type[object], made: object) -> object:
    if type(made) is not kind:
        raise WrongResult(f"{type(made).__name__} instead of {kind.__name__}")
    return made


def _registered(installed: pluggy.PluginManager) -> dict[str, type[object]]:
    types: dict[str, type[object]] = {}
    for plugin, found in registered(installed, hookspecs.register_config):
        if not isinstance(found, type):
            raise PluginRefused(plugin, "register_config gives a class.")
        try:
            config_fields(found)
        except TypeError as error:
            raise PluginRefused(plugin, str(error)) from error
        types[plugin] = found
    return types
