"""What a tenant sets for a plugin that runs for it: checked, sealed, and written down.

Whoever sets something is told no secret that somebody else has set.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.languages import text
from authgate.plugin_api import ConfigField, ConnectorConfigError, SetupStep
from authgate.plugin_manager import NotConfigured, PluginFailed, refuse_moved
from authgate.provisioning.tenants import change_tenant
from authgate.storage.audit import audit_feeds
from authgate.storage.audit.audit_feeds import AuditFeed
from authgate.storage.tenants import plugin_failures, plugin_settings
from authgate.storage.tenants.plugin_failures import PluginFailure
from authgate.storage.tenants.plugin_settings import PluginSettings
from authgate_tenants import TenantSettings, current_tenant, lifecycle

_SECRET = "changed"


class UnknownPlugin(LookupError):
    """No plugin of this name runs for the tenant."""


class UnfitPluginSetting(ValueError):
    """A setting that the plugin cannot have; ``setting`` is what would have to be another."""

    def __init__(self, setting: str, fault: str) -> None:
        super().__init__(text("%(setting)s: %(fault)s", setting=setting, fault=fault))
        self.setting = setting
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPlugin:
    """A plugin that runs for the current tenant, and what is set for it."""

    name: str
    hooks: tuple[str, ...]
    """Where it takes part."""
    fields: tuple[ConfigField, ...]
    kept: PluginSettings | None
    secrets: frozenset[str]
    """The secret settings that somebody has set."""
    paused: bool
    """Whether the tenant leaves it out."""
    failure: PluginFailure | None
    """How it has failed last, if it ever has."""
    feed: AuditFeed | None
    """How far it was told of what has happened, if it is."""

    @property
    def shown(self) -> dict[str, object]:
        """What holds of the settings that are no secrets."""
        kept = self.kept.config if self.kept else {}
        return {
            each.name: kept.get(each.name, each.default) for each in self.fields if not each.secret
        }

    @property
    def waits(self) -> bool:
        """Whether it does nothing before somebody has set what it needs."""
        return self.kept is None and any(each.required for each in self.fields)


async def plugins_of_tenant(parts: Installation) -> list[TenantPlugin]:
    """Those that run for the current tenant and are installed, by name."""
    kept, failures = await plugin_settings.every(), await plugin_failures.every()
    feeds = await audit_feeds.every(now=parts.clock())
    running = set(current_tenant().settings.enabled_plugins) & parts.plugins.names
    paused = (await stored()).paused_plugins
    return [
        await _described(
            parts, name, kept.get(name), failures.get(name), feeds.get(name), paused=name in paused
        )
        for name in sorted(running)
    ]


async def plugin_of_tenant(parts: Installation, name: str) -> TenantPlugin:
    """One of them. Raises ``UnknownPlugin``."""
    found = await _found(parts, name)
    if found.feed is None:
        return found
    return replace(found, feed=await audit_feeds.waiting(found.feed, now=parts.clock()))


async def _found(parts: Installation, name: str) -> TenantPlugin:
    """The same, without what waits for it: that takes long, and is for who looks at it."""
    if name not in current_tenant().settings.enabled_plugins or name not in parts.plugins.names:
        raise UnknownPlugin(name)
    kept, failures = await plugin_settings.find(name), await plugin_failures.every()
    feed = await audit_feeds.find(name)
    paused = name in (await stored()).paused_plugins
    return await _described(parts, name, kept, failures.get(name), feed, paused=paused)


async def stored() -> TenantSettings:
    """What the tenant chooses, as it is stored: what is in scope may have changed since."""
    return TenantSettings.from_json((await lifecycle.find(current_tenant().id)).settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginChange:
    """What becomes different; what is not given stays as it is."""

    config: Mapping[str, object] = field(default_factory=dict, repr=False)
    """Settings with a new value, secret ones among them."""
    unset: Collection[str] = ()
    """Settings that take their default again."""


async def set_plugin(
    parts: Installation, name: str, change: PluginChange, *, actor: Actor = SYSTEM
) -> TenantPlugin:
    """Set something for a plugin: the next call of it goes by that, in every process.

    Raises ``UnknownPlugin`` and ``UnfitPluginSetting``.
    """
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        before = await _found(parts, name)
        opened = await parts.plugin_configs.opened(before.kept) if before.kept else {}
        was = {**(before.kept.config if before.kept else {}), **opened}
        # A setting that the plugin has no more goes with the next change.
        wanted = {**parts.plugins.config_types.known(name, was), **change.config}
        now = {key: value for key, value in wanted.items() if key not in change.unset}
        await _check(parts, name, now)
        _refuse_moved(before, change, now)
        if was == now and before.kept is not None:
            return before
        await _store(parts, before, now)
        await audit_feeds.hurry([name], now=utc_now())
        changes = _changes(before, was, now)
        await _record(Event.PLUGIN_SETTINGS_CHANGED, name, actor, changes=changes)
        return await _found(parts, name)


async def pause_plugin(
    parts: Installation, name: str, *, paused: bool, actor: Actor = SYSTEM
) -> None:
    """Leave a plugin out from now on, or let it run again, in every process.

    Raises ``UnknownPlugin``, and ``UnfitSetting`` where nobody could sign in without it.
    """
    await _found(parts, name)

    def changed(before: TenantSettings) -> TenantSettings:
        others = {each for each in before.paused_plugins if each != name}
        return replace(before, paused_plugins=tuple(sorted(others | ({name} if paused else set()))))

    comment = f"Plugin {name}: {'paused' if paused else 'runs again'}"
    await change_tenant(parts, current_tenant(), change=changed, comment=comment, actor=actor)


async def reset_plugin(parts: Installation, name: str, *, actor: Actor = SYSTEM) -> None:
    """Forget what was set for a plugin. Raises ``UnknownPlugin``."""
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        before = await _found(parts, name)
        if before.kept is None:
            return
        await plugin_settings.remove(name)
        await parts.plugin_configs.changed(name)
        await _record(Event.PLUGIN_SETTINGS_REMOVED, name, actor)


async def examine_plugin(parts: Installation, name: str) -> Sequence[SetupStep]:
    """Look at what is set for a plugin, and have it look itself. Raises ``UnknownPlugin``."""
    await _found(parts, name)
    tenant = current_tenant()
    try:
        async with storage.set_aside():
            seen = await parts.plugins.hooks.examine_config(
                name, tenant_id=tenant.id, tenant=tenant.slug
            )
    except NotConfigured:
        return [_settings(passed=False, said=text("Something has to be set first."))]
    except PluginFailed as error:
        return [_failed(error)]
    return [_settings(passed=True, said=text("They can be.")), *seen]


def _settings(*, passed: bool, said: str) -> SetupStep:
    return SetupStep(name=text("Settings"), passed=passed, said=said)


def _failed(error: PluginFailed) -> SetupStep:
    said = text("It failed: %(outcome)s.", outcome=error.outcome)
    return SetupStep(name=text("Plugin"), passed=False, said=said)


async def _store(parts: Installation, before: TenantPlugin, now: Mapping[str, object]) -> None:
    sealed = {each.name for each in before.fields if each.secret}
    settings_id = before.kept.id if before.kept else uuid7()
    secrets = {name: value for name, value in now.items() if name in sealed}
    await plugin_settings.store(
        PluginSettings(
            id=settings_id,
            plugin=before.name,
            config={name: value for name, value in now.items() if name not in sealed},
            sealed_secrets=await parts.plugin_configs.sealed(settings_id, secrets),
            updated_at=parts.clock(),
        )
    )
    await parts.plugin_configs.changed(before.name)


async def _check(parts: Installation, name: str, config: Mapping[str, object]) -> None:
    tenant_id = current_tenant().id
    try:
        await parts.plugins.configs.check(name, config, tenant_id=tenant_id)
    except ConnectorConfigError as error:
        raise UnfitPluginSetting(error.field, error.fault) from error
    except PluginFailed as error:
        raise UnfitPluginSetting(
            name, text("The plugin could not say whether that is fit.")
        ) from error


def _refuse_moved(before: TenantPlugin, change: PluginChange, now: Mapping[str, object]) -> None:
    was = before.kept.config if before.kept else {}
    try:
        refuse_moved(before.fields, was=was, becomes=now, entered=change.config)
    except ConnectorConfigError as error:
        raise UnfitPluginSetting(error.field, error.fault) from error


async def _described(
    parts: Installation,
    name: str,
    kept: PluginSettings | None,
    failure: PluginFailure | None,
    feed: AuditFeed | None,
    *,
    paused: bool,
) -> TenantPlugin:
    return TenantPlugin(
        name=name,
        hooks=parts.plugins.hooks_of(name),
        fields=parts.plugins.config_types.fields(name),
        kept=kept,
        secrets=frozenset(await parts.plugin_configs.opened(kept)) if kept else frozenset(),
        paused=paused,
        failure=failure,
        feed=feed,
    )


def _changes(
    before: TenantPlugin, was: Mapping[str, object], now: Mapping[str, object]
) -> list[dict[str, object]]:
    secrets = {each.name for each in before.fields if each.secret} | before.secrets
    found: list[dict[str, object]] = []
    for name in sorted({*was, *now}):
        if was.get(name) == now.get(name):
            continue
        if name in secrets:
            found.append({"setting": name, "is": _SECRET if name in now else "removed"})
        else:
            found.append({"setting": name, "was": was.get(name), "is": now.get(name)})
    return found


async def _record(event: Event, plugin: str, actor: Actor, **details: object) -> None:
    await audit.record(event, actor=actor, resource=("plugin", plugin), details=details)
