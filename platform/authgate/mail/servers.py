"""What sends a tenant's mail: a server or a plugin, its own or the installation's."""

from dataclasses import replace
from ipaddress import ip_network
from typing import TypeAlias

import orjson

from authgate.mail.providers import Provider
from authgate.mail.smtp import Server
from authgate.settings import MailSettings, Settings
from authgate.storage.mail import mail_servers
from authgate.storage.mail.mail_servers import MailServer
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_SEAL = "mail-server"

Carrier: TypeAlias = Server | Provider
"""What mail is handed to."""


def of_installation(mail: MailSettings) -> Carrier | None:
    """The one that the settings name, if they do."""
    if mail.plugin:
        said = mail.plugin_settings
        settings = orjson.loads(said.get_secret_value()) if said else {}
        return Provider(plugin=mail.plugin, sender=mail.sender, settings=settings)
    return server_of_installation(mail)


def server_of_installation(mail: MailSettings) -> Server | None:
    """The server among them."""
    if not mail.host:
        return None
    return Server(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        username=mail.username,
        password=mail.password.get_secret_value() if mail.password else "",
        sender=mail.sender,
        ca_file=mail.ca_file,
    )


class MailServers:
    """Finds the server of whichever tenant is in scope."""

    def __init__(self, settings: Settings, encryption: TenantEncryption) -> None:
        self._settings = settings
        self._encryption = encryption

    @property
    def keeps(self) -> bool:
        """Whether mail for which there is no server is kept and shown, and not waiting for one."""
        return self._settings.profile == "dev"

    async def of_tenant(self) -> Carrier | None:
        """Its own, or the installation's, if there is any. Raises ``SealBroken``."""
        own = await mail_servers.find()
        if own is not None:
            return await self.opened(own)
        return of_installation(self._settings.mail)

    async def opened(self, own: MailServer) -> Carrier:
        """A tenant's server with what it signs in by. Raises ``SealBroken``."""
        if own.plugin:
            return Provider(plugin=own.plugin, sender=own.sender)
        egress = self._settings.egress
        return Server(
            host=own.host,
            port=own.port,
            security=own.security.value,
            username=own.username,
            password=await self._password(own),
            sender=own.sender,
            ca_file=egress.ca_file,
            allowed=[ip_network(each) for each in egress.allowed_networks],
        )

    async def sealed(self, server: MailServer, password: str) -> MailServer:
        """The tenant's server with this password, as it is stored."""
        cipher = await self._encryption.cipher(current_tenant().id)
        sealed = cipher.seal(kind=_SEAL, object_id=str(server.id), plaintext=password.encode())
        return replace(server, sealed_password=sealed if password else None)

    async def _password(self, own: MailServer) -> str:
        if own.sealed_password is None:
            return ""
        cipher = await self._encryption.cipher(current_tenant().id)
        sealed = own.sealed_password
        return cipher.open(kind=_SEAL, object_id=str(own.id), sealed=sealed).decode()
