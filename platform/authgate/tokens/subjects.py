"""Whom a client is told that a person is: the same as everybody, or somebody whom no other sector
can recognise (OpenID Connect Core section 8).

Where subjects are pairwise sessions are as well: one ``sid`` for all would say who is who just the
same.
"""

import base64
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from authgate.clock import Clock
from authgate.storage.clients.metadata import PAIRWISE, ClientMetadata
from authgate.storage.clients.rows import Client
from authgate.storage.keys import pairwise_secrets
from authgate.storage.people.users import User
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_KIND = "pairwise-secret"
_SECRET_BYTES = 32
_REMEMBERED = 20_000
# A younger one may belong to a transaction that will be rolled back.
_SETTLED_AFTER = timedelta(minutes=1)


class Subjects:
    """Names people and sessions for clients."""

    def __init__(
        self,
        *,
        encryption: TenantEncryption,
        clock: Clock,
        remembering: Callable[[], None] = lambda: None,
    ) -> None:
        """``remembering`` is called when an opened secret is kept, as by ``TenantEncryption``."""
        self._encryption = encryption
        self._clock = clock
        self._remembering = remembering
        self._secrets: OrderedDict[UUID, bytes] = OrderedDict()
        self._times_forgotten = 0

    async def of(self, user: User, client: Client) -> str:
        """``sub`` of a person, for this client."""
        if not is_pairwise(client):
            return user.subject
        return await self._pairwise("sub", client, str(user.id))

    async def of_session(self, session_id: UUID, client: Client) -> str:
        """``sid`` of a browser's session, for this client."""
        if not is_pairwise(client):
            return str(session_id)
        return await self._pairwise("sid", client, str(session_id))

    def forget(self, tenant_id: UUID | None, *_parts: str) -> None:
        """Drop a tenant's opened secret from memory, or (``None``) those of all. What is being read
        is kept for nobody."""
        self._times_forgotten += 1
        if tenant_id is None:
            self._secrets.clear()
        else:
            self._secrets.pop(tenant_id, None)

    async def _pairwise(self, claim: str, client: Client, name: str) -> str:
        kind, sector = sector_of(client.metadata, client.redirect_uris) or (
            "client",
            client.client_id,
        )
        told = "\0".join((claim, kind, sector, name)).encode()
        digest = hmac.digest(await self._secret(), told, "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    async def _secret(self) -> bytes:
        tenant_id = current_tenant().id
        known = self._secrets.get(tenant_id)
        if known is not None:
            self._secrets.move_to_end(tenant_id)
            return known
        before = self._times_forgotten
        cipher, now = await self._encryption.cipher(tenant_id), self._clock()

        def made() -> bytes:
            fresh = secrets.token_bytes(_SECRET_BYTES)
            return cipher.seal(kind=_KIND, object_id="", plaintext=fresh)

        kept = await pairwise_secrets.kept(made, now=now)
        secret = cipher.open(kind=_KIND, object_id="", sealed=kept.sealed)
        if kept.created_at < now - _SETTLED_AFTER and before == self._times_forgotten:
            self._remember(tenant_id, secret)
        return secret

    def _remember(self, tenant_id: UUID, secret: bytes) -> None:
        self._remembering()
        self._secrets[tenant_id] = secret
        if len(self._secrets) > _REMEMBERED:
            self._secrets.popitem(last=False)


def is_pairwise(client: Client) -> bool:
    """Whether the client is told people by names that it shares with its own sector alone."""
    return client.metadata.subject_type == PAIRWISE


def sector_of(metadata: ClientMetadata, redirect_uris: Collection[str]) -> tuple[str, str] | None:
    """The host that a client's subjects are for (section 8.1), and how it is known to be its own;
    ``None`` where the client is a sector of its own.

    A host counts where only its owner can be answered there: addresses on people's own machines
    and schemes of applications are anybody's.
    """
    if metadata.sector_identifier_uri:
        return "host", urlsplit(metadata.sector_identifier_uri).hostname or ""
    hosts = redirect_hosts(redirect_uris)
    return ("host", hosts[0]) if len(hosts) == 1 and hosts[0] else None


def redirect_hosts(redirect_uris: Collection[str]) -> list[str]:
    """The hosts that redirect URIs lead to, each once; empty for those that are anybody's."""
    parts = map(urlsplit, redirect_uris)
    return sorted({(each.hostname or "") if each.scheme == "https" else "" for each in parts})
