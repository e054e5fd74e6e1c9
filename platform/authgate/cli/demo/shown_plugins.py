"""Plugins that the demo shows from their folders, and the provider that it pretends for them."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from authgate import plugin_manager, provisioning
from authgate.accounts.connection_setup import ConnectionChange, ConnectionSetup
from authgate.cli.failures import Failure, Misused
from authgate.installation import Installation
from authgate.plugin_api import ConnectorConfigError
from authgate.plugin_manager import ConnectorType, ConnectorTypes
from authgate.plugin_manager.source_folder import SourceFolder, UnfitFolder
from authgate.pretend import host
from authgate.pretend.certificate import certificate_in
from authgate.pretend.provider import PretendProvider
from authgate.storage.sign_in import connections
from authgate_tenants import Tenant, TenantSettings, use_tenant

_LOOPBACK = ["127.0.0.0/8", "::1/128"]
_PROVIDER = "{provider}"
_CERTIFIED = timedelta(days=7)
_PATIENCE_SECONDS = 10.0


@dataclass(slots=True)
class ShownPlugins:
    """What ``--plugin`` named."""

    folders: Sequence[SourceFolder] = ()
    connectors: list[str] = field(default_factory=list)
    """Those that the tenants are connected by."""
    provider: PretendProvider | None = None
    certificate: Path | None = None
    """What the provider is believed by."""
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
        self.provider = _serving((self.certificate, key), callbacks=f"{base_url}/")
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


def _serving(certificate: tuple[Path, Path], *, callbacks: str) -> PretendProvider:
    """A pretend provider, in a thread that ends with the process."""
    ready = threading.Event()
    made: list[PretendProvider] = []

    async def serve() -> None:
        async with host.opened(certificate) as running:
            running.site = provider = PretendProvider(running.name, callbacks=callbacks)
            made.append(provider)
            ready.set()
            await asyncio.Event().wait()

    thread = threading.Thread(
        target=lambda: asyncio.run(serve()), name="pretend-provider", daemon=True
    )
    thread.start()
    if not ready.wait(_PATIENCE_SECONDS):
        raise Failure("The pretend provider did not start.")
    return made[0]
