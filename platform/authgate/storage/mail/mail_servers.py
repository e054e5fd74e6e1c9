"""What a tenant has its mail sent by, instead of the installation's server: an SMTP server, or a
plugin."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid7

from authgate.vocabulary import MailSecurity
from authgate_tenants import TenantOwned


class MailServerRow(TenantOwned):
    """The server of a tenant that has one of its own."""

    host = fields.CharField(253)
    port = fields.IntField()
    security = fields.CharEnumField(MailSecurity, max_length=16)
    username = fields.CharField(254, default="")
    sealed_password = fields.BinaryField(null=True)
    sender = fields.CharField(320)
    plugin = fields.CharField(40, default="", db_default="")
    updated_at = fields.DatetimeField()

    class Meta:
        table = "mail_servers"
        unique_together = (("tenant_id",), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A tenant's server, its password sealed for the id."""

    id: UUID = field(default_factory=uuid7)
    host: str
    port: int
    security: MailSecurity
    username: str
    sealed_password: bytes | None = field(repr=False)
    sender: str
    plugin: str = ""
    """The plugin that sends in the place of a server; ``host`` is empty then."""
    updated_at: datetime

    @property
    def name(self) -> str:
        """What people call it."""
        return self.plugin or self.host

    @classmethod
    def from_row(cls, row: MailServerRow) -> Self:
        """The value of a stored row."""
        sealed = bytes(row.sealed_password) if row.sealed_password is not None else None
        return cls(
            id=row.id,
            host=row.host,
            port=row.port,
            security=row.security,
            username=row.username,
            sealed_password=sealed,
            sender=row.sender,
            plugin=row.plugin,
            updated_at=row.updated_at,
        )


async def find() -> MailServer | None:
    """The tenant's server."""
    row = await MailServerRow.all().first()
    return MailServer.from_row(row) if row else None


async def store(server: MailServer) -> None:
    """Have mail sent by this server from now on."""
    await MailServerRow.update_or_create(
        id=server.id,
        defaults={
            "host": server.host,
            "port": server.port,
            "security": server.security,
            "username": server.username,
            "sealed_password": server.sealed_password,
            "sender": server.sender,
            "plugin": server.plugin,
            "updated_at": server.updated_at,
        },
    )


async def remove() -> None:
    """Have mail sent by the installation's again."""
    await MailServerRow.all().delete()
