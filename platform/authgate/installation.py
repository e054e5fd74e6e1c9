"""The parts that one installation is made of, each built once and handed what it needs.

The server, the commands and the workers all start from here, so they read the same settings, seal
with the same keys and tell each other what has changed.
"""

import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from authgate import storage
from authgate.clock import Clock, utc_now
from authgate.live import Kind, Newsroom
from authgate.plugin_api import HttpClient, Network
from authgate.plugin_manager import (
    Containment,
    GuardedHttp,
    GuardedStreams,
    Isolation,
    LoadedPlugins,
    PluginCall,
    ProviderFailed,
    TracedHttp,
    key_providers,
    measure,
)
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.clients.rows import Client
from authgate.storage.invalidation import Invalidations
from authgate.storage.postgres.invalidation import PostgresInvalidations
from authgate.storage.redis.connection import RedisConnection
from authgate.storage.redis.invalidation import RedisInvalidations
from authgate.storage.shared_cache import SharedCache
from authgate.storage.sqlite.invalidation import SqliteInvalidations
from authgate.storage.tenants.failure_notes import FailureNotes
from authgate.storage.tenants.plugin_configs import OpenedConfig, PluginConfigs
from authgate.storage.tenants.rows import TenantRows
from authgate.telemetry.tracing import UNTRACED, Tracer
from authgate.tokens.key_set import KeySet
from authgate.tokens.keys import SigningKeys
from authgate.tokens.subjects import Subjects
from authgate_tenants import Tenant
from authgate_tenants.encryption import TenantEncryption
from authgate_tenants.key_encryption import (
    KeyEncryptionKey,
    KeyProviderFailed,
    create_kek_file,
    load_keks,
)
from authgate_tenants.resolver import Addressing, TenantResolver

TENANTS, CLIENTS, ORIGINS, SIGNING_KEYS = "tenants", "clients", "origins", "signing_keys"
SCOPES, SECRETS, PLUGIN_SETTINGS = "scopes", "secrets", "plugin_settings"
"""Topics of invalidation."""

_REMEMBERED = 20_000
_STRANGERS = 2_000
"""Names that are nobody's: whoever asks for ever new ones drives out others like them alone."""
_REMEMBERED_SECONDS = 5.0
"""At least, where it does no harm to find out later that something has changed."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that a process works with, open."""

    settings: Settings
    clock: Clock
    tracer: Tracer | None
    """Makes spans, where traces are wanted."""

    redis: RedisConnection | None
    invalidations: Invalidations
    newsroom: Newsroom
    """Where those wait who want to know at once that something has changed."""
    tenants: SharedCache[Tenant | None]
    clients: SharedCache[Client | None]
    origins: SharedCache[frozenset[str]]
    """Of the pages of a tenant's clients."""
    scopes: SharedCache[tuple[str, ...]]
    """Of each tenant, the names in its metadata."""
    caches: tuple[SharedCache[Any], ...]
    """Those, and every other one."""

    resolver: TenantResolver
    encryption: TenantEncryption
    keys: SigningKeys
    subjects: Subjects
    """Whom clients are told that people are."""
    outside: HttpClient
    """The one way out, to addresses that tenants and clients chose."""
    plugins: LoadedPlugins
    plugin_configs: PluginConfigs
    """What tenants have set for them."""
    failure_notes: FailureNotes
    """How they fail, for the tenants' administrators."""


@asynccontextmanager
async def opened(
    settings: Settings, *, clock: Clock = utc_now, tracer: Tracer | None = None
) -> AsyncIterator[Installation]:
    """Open the database and Redis, and build the parts. Closed in reverse when the block ends."""
    keks = key_encryption_keys(settings.keys, may_create=settings.profile == "dev")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(storage.opened(settings.database, tracer=tracer))
        redis = None
        if settings.redis_url is not None:
            redis = _redis(settings.redis_url.get_secret_value(), tracer)
            await stack.enter_async_context(redis)
        invalidations = await stack.enter_async_context(_invalidations(settings.database, redis))
        http = await stack.enter_async_context(GuardedHttp.of(settings.egress))
        outside = TracedHttp(http, tracer) if tracer else http
        parts = _built(
            settings, clock, tracer, redis, invalidations, keks, outside, GuardedStreams(http)
        )
        await stack.enter_async_context(parts.failure_notes)
        yield parts


def addressing(settings: Settings) -> Addressing:
    """Where the installation's tenants live."""
    return Addressing(
        base_url=settings.base_url,
        base_domain=settings.base_domain,
        default_tenant=settings.default_tenant,
        operator_tenant=settings.operator_tenant,
    )


def key_encryption_keys(settings: KeySettings, *, may_create: bool) -> list[KeyEncryptionKey]:
    """The key-encryption keys; a missing file is made where that is allowed.

    Raises ``KeyEncryptionKeyError``.
    """
    file = Path(settings.kek_file)
    if settings.kek is None and may_create and not settings.provider and not file.exists():
        create_kek_file(file)
    return list(
        load_keks(
            kek=settings.kek.get_secret_value() if settings.kek else None,
            kek_file=file,
            retired=[each.get_secret_value() for each in settings.retired_keks],
            opened=partial(_opened, settings.provider) if settings.provider else str,
        )
    )


def _opened(provider: str, kept: str) -> str:
    try:
        wrapped = base64.b64decode(kept.strip(), validate=True)
        key = key_providers.unwrapped(provider, wrapped)
    except binascii.Error as error:
        raise KeyProviderFailed(
            "With keys.provider a key is kept as `authgate keys wrap-kek` prints it: in base64."
        ) from error
    except ProviderFailed as error:
        raise KeyProviderFailed(str(error)) from error
    return base64.b64encode(key).decode()


def _redis(url: str, tracer: Tracer | None) -> RedisConnection:
    if tracer is None:
        return RedisConnection(url)
    from authgate.storage.redis.traced_connection import TracedRedis

    return TracedRedis(url, tracer)


def _invalidations(database: DatabaseSettings, redis: RedisConnection | None) -> Invalidations:
    """Told in the transaction of the change, where the database can: none is lost, and what is
    remembered may be kept for long."""
    if not database.is_sqlite and not database.pgbouncer:
        return PostgresInvalidations(database)
    if redis is not None:
        return RedisInvalidations(redis)
    return SqliteInvalidations(database) if database.is_sqlite else Invalidations()


class _Caches(NamedTuple):
    """What a process remembers."""

    tenants: SharedCache[Tenant | None]
    strangers: SharedCache[Tenant | None]
    clients: SharedCache[Client | None]
    origins: SharedCache[frozenset[str]]
    key_sets: SharedCache[KeySet]
    scopes: SharedCache[tuple[str, ...]]
    plugin_settings: SharedCache[OpenedConfig]


def _caches(invalidations: Invalidations) -> _Caches:
    urgent = invalidations.remembered_seconds
    ttl = max(urgent, _REMEMBERED_SECONDS)
    return _Caches(
        tenants=SharedCache(TENANTS, invalidations, size=_REMEMBERED, ttl=urgent),
        strangers=SharedCache(
            TENANTS,
            invalidations,
            size=_STRANGERS,
            ttl=urgent,
            keep_none=True,
            keep_found=False,
            name="strangers",
        ),
        clients=SharedCache(CLIENTS, invalidations, size=_REMEMBERED, ttl=urgent, keep_none=True),
        origins=SharedCache(ORIGINS, invalidations, size=_REMEMBERED, ttl=ttl),
        key_sets=SharedCache(SIGNING_KEYS, invalidations, size=_REMEMBERED, ttl=urgent),
        scopes=SharedCache(SCOPES, invalidations, size=_REMEMBERED, ttl=ttl),
        plugin_settings=SharedCache(PLUGIN_SETTINGS, invalidations, size=_REMEMBERED, ttl=urgent),
    )


def _secrets(
    keks: list[KeyEncryptionKey], clock: Clock, invalidations: Invalidations
) -> tuple[TenantEncryption, Subjects]:
    """What keeps opened keys, and hears when they are destroyed."""
    begin = invalidations.begin
    encryption = TenantEncryption(keks, remembering=begin)
    subjects = Subjects(encryption=encryption, clock=clock, remembering=begin)
    for forget in (encryption.forget, subjects.forget):
        invalidations.subscribe(SECRETS, forget)
    return encryption, subjects


def _built(
    settings: Settings,
    clock: Clock,
    tracer: Tracer | None,
    redis: RedisConnection | None,
    invalidations: Invalidations,
    keks: list[KeyEncryptionKey],
    outside: HttpClient,
    network: Network,
) -> Installation:
    kept = _caches(invalidations)
    encryption, subjects = _secrets(keks, clock, invalidations)
    resolver = TenantResolver(
        addressing(settings), TenantRows(), kept.tenants, strangers=kept.strangers, clock=clock
    )
    configs = PluginConfigs(encryption, cache=kept.plugin_settings)
    notes = FailureNotes(resolver, clock=clock)
    return Installation(
        settings=settings,
        clock=clock,
        tracer=tracer,
        redis=redis,
        invalidations=invalidations,
        newsroom=_newsroom(invalidations),
        tenants=kept.tenants,
        clients=kept.clients,
        origins=kept.origins,
        scopes=kept.scopes,
        caches=kept,
        resolver=resolver,
        encryption=encryption,
        keys=SigningKeys(encryption=encryption, cache=kept.key_sets, clock=clock),
        subjects=subjects,
        outside=outside,
        plugins=LoadedPlugins(
            isolation=_isolation(notes, tracer), source=configs, http=outside, network=network
        ),
        plugin_configs=configs,
        failure_notes=notes,
    )


def _newsroom(invalidations: Invalidations) -> Newsroom:
    made = Newsroom(invalidations)

    def tenants_changed(_tenant_id: UUID | None, *name: str) -> None:
        if not name:  # else it is one, whose id is told besides
            made.wake_all()

    def client_changed(tenant_id: UUID | None, *_client_id: str) -> None:
        made.wake_kind(tenant_id, Kind.DEVICE_CODE)

    invalidations.subscribe(TENANTS, tenants_changed)
    invalidations.subscribe(CLIENTS, client_changed)
    return made


def _isolation(notes: FailureNotes, tracer: Tracer | None) -> Isolation:
    def seen(call: PluginCall) -> None:
        measure(call)
        notes.note(call)

    return Isolation(observe=seen, containment=Containment(context=(tracer or UNTRACED).context))
