"""Plugins that the demo shows from their folders, and the provider that it pretends for them."""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from authgate import plugin_manager, provisioning
from authgate.accounts.connection_setup import ConnectionChange, ConnectionSetup
from authgate.cli.demo.provider_thread import ProviderThread
from authgate.cli.failures import Failure, Misused
from authgate.installation import Installation
from authgate.plugin_api import ConnectorConfigError
from authgate.plugin_manager import ConnectorType, ConnectorTypes
from authgate.plugin_manager.source_folder import SourceFolder, UnfitFolder
from authgate.pretend.certificate import certificate_in
from authgate.pretend.provider import PretendProvider
from authgate.storage.sign_in import connections
from authgate_tenants import Tenant, TenantSettings, use_tenant

_LOOPBACK = ["127.0.0.0/8", "::1/128"]
_PROVIDER = "{provider}"
_CERTIFIED = timedelta(days=7)


@dataclass(slots=True)
class ShownPlugins:
    """What ``--plugin`` named."""

    folders: Sequence[SourceFolder] = ()
    connectors: list[str] = field(default_factory=list)
    """Those that the tenants are connected by."""
    provider: PretendProvider | None = None
    certificate: Path | None = None
    """What the provider is believed by."""
    _thread: ProviderThread | None = None
    _site: "TemporaryDirectory[str] | None" = None

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "ShownPlugins":
        """Have them found by this process and those that it starts. Raises ``Misused``."""
        try:
            folders = [SourceFolder.read(each) for each in paths]
        except UnfitFolder as error:
            raise Misused(str(error)) from error
        if not folders:
            return cls()
        site = TemporaryDirectory(prefix="authgate-demo-")
        for number, each in enumerate(folders):
            if not each.is_installed:
                beside = Path(site.name) / str(number)
                beside.mkdir()
                each.put_on_path(beside)
        return cls(folders, _site=site)

    def close(self) -> None:
        """Take back all that was for as long as the demo runs."""
        if self._thread is not None:
            self._thread.close()
        if self._site is not None:
            self._site.cleanup()

    @property
    def names(self) -> list[str]:
        """The plugins' names."""
        return [name for each in self.folders for name in each.plugins]

    def pretend(self, base_url: str, folder: Path) -> None:
        """Run the pretend provider for as long as this process runs, where one of them asks for
        it; the server may reach this machine then, and believes that provider and no other."""
        wanted = [value for each in self._demo_settings().values() for value in each.values()]
        if not any(isinstance(value, str) and _PROVIDER in value for value in wanted):
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        self.certificate, key = certificate_in(folder, valid=_CERTIFIED)
        # Whom it lets in is known by its address: at another one the next time they are strangers.
        port = folder / "port"
        self._thread = ProviderThread(
            (self.certificate, key), callbacks=f"{base_url}/", port=_remembered(port)
        )
        self.provider = self._thread.serving()
        port.write_text(self.provider.host.rpartition(":")[2])
        os.environ["AUTHGATE_EGRESS__ALLOWED_NETWORKS"] = json.dumps(_LOOPBACK)
        os.environ["AUTHGATE_EGRESS__CA_FILE"] = str(self.certificate)

    async def enable(self, parts: Installation, tenants: Sequence[Tenant]) -> AsyncIterator[str]:
        """Enable them for these tenants and connect these; what was done, a line each.

        Raises ``PluginRefused``, and ``Failure`` for settings that do not fit.
        """
        if not self.folders:
            return
        types = ConnectorTypes(plugin_manager.load())
        brought = [each for each in types.types.values() if each.plugin in self.names]
        changes: dict[str, object] = {"auto_register": True} if brought else {}
        for tenant in tenants:
            await provisioning.change_tenant(
                parts, tenant, change=partial(self._enabled, changes=changes)
            )
        for each in brought:
            config = self._config(each)
            if config is None:
                yield f"{each.label} is not shown: it needs [tool.authgate.demo.{each.name}]"
                continue
            for tenant in tenants:
                await self._connect(parts, tenant, types, each, config)
            self.connectors.append(each.name)
            yield f"Show {each.label} on the sign-in pages"

    def _enabled(
        self, settings: TenantSettings, *, changes: Mapping[str, object]
    ) -> TenantSettings:
        enabled = dict.fromkeys([*settings.enabled_plugins, *self.names])
        return settings.changed({"enabled_plugins": tuple(enabled), **changes})

    def _demo_settings(self) -> dict[str, Mapping[str, object]]:
        return {name: given for each in self.folders for name, given in each.demo.items()}

    def _config(self, connector: ConnectorType) -> dict[str, object] | None:
        """What the folder says that it is connected with; ``None`` where it needs something and
        the folder says nothing."""
        given = self._demo_settings().get(connector.name)
        if given is None:
            return None if any(each.required for each in connector.fields) else {}
        words = {}
        if self.provider is not None:
            words = {
                _PROVIDER: self.provider.host,
                "{client_id}": self.provider.client_id,
                "{client_secret}": self.provider.client_secret,
            }
        return {name: _filled_in(value, words) for name, value in given.items()}

    async def _connect(
        self,
        parts: Installation,
        tenant: Tenant,
        types: ConnectorTypes,
        connector: ConnectorType,
        config: dict[str, object],
    ) -> None:
        setup = ConnectionSetup(connectors=types, encryption=parts.encryption)
        found = await parts.resolver.find(tenant.slug)
        with use_tenant(found or tenant):
            try:
                if await connections.find(connector.name) is None:
                    await setup.add(slug=connector.name, connector=connector.name, config=config)
                else:
                    await setup.change(connector.name, ConnectionChange(config=config))
            except ConnectorConfigError as error:
                raise Failure(f"[tool.authgate.demo.{connector.name}] {error}.") from error


def _filled_in(value: object, words: Mapping[str, str]) -> object:
    if isinstance(value, str):
        for word, meant in words.items():
            value = value.replace(word, meant)
    return value


def _remembered(port: Path) -> int:
    try:
        return int(port.read_text())
    except (FileNotFoundError, ValueError):
        return 0
