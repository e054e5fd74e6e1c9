"""What the doctor sees when it opens what the settings name: database, Redis, keys, issuer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from authgate import installation, storage
from authgate.cli import expected, installed
from authgate.cli.device_flow import DeviceFlow, NoAnswer, SignInFailed, http_for
from authgate.cli.findings import Finding, problem, warning, well
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.settings import Settings
from authgate.storage import fitness, signing_keys
from authgate.storage.database import sqlite_path
from authgate.storage.fitness import LoginRefused, NotMigrated
from authgate.storage.redis import RedisConnection, RedisUnavailable
from authgate.storage.row_security import WallMissing
from authgate.storage.signing_keys import KeyState
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey
from authgate_tenants.key_encryption import KeyEncryptionKeyError
from authgate_tenants.lifecycle import all_tenants

_TENANTS_LOOKED_AT = 100
_OLD = timedelta(days=180)
_SKEW_THAT_MATTERS = timedelta(seconds=2)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Everything, one after the other; what needs a broken part is left out."""
    sealing = _sealing(settings)
    yield sealing
    database = await _database(settings)
    for finding in database:
        yield finding
    yield await _redis(settings)
    if not (sealing.cure or database[0].cure):
        # Redis has been looked at, and is not needed to read.
        async with installation.opened(settings.model_copy(update={"redis_url": None})) as parts:
            async for finding in _tenants(parts):
                yield finding


def _sealing(settings: Settings) -> Finding:
    what, keys = "key encryption", settings.keys
    if keys.kek is None and not keys.kek_file.exists() and settings.profile == "dev":
        return warning(what, f"{keys.kek_file} does not exist yet", "The first start makes it.")
    try:
        installation.key_encryption_keys(keys, may_create=False)
    except KeyEncryptionKeyError as error:
        result, _, cure = str(error).partition(". ")
        return problem(what, result, cure)
    source = "in the environment" if keys.kek else f"in {keys.kek_file}, readable by its owner only"
    return well(what, f"a strong key {source}")


async def _database(settings: Settings) -> list[Finding]:
    what, database = "database", settings.database
    if database.is_sqlite and not _exists(sqlite_path(database)):
        cure = "Run authgate migrate, or authgate demo to try things out."
        return [problem(what, f"{sqlite_path(database)} does not exist yet", cure)]
    try:
        async with storage.opened(database):
            await fitness.check(database)
            skew = await fitness.clock_skew()
    except Exception as error:
        failure = expected.failure_of(error)
        if failure is None:
            raise
        is_there = isinstance(error, NotMigrated | WallMissing | LoginRefused)
        cure = "Run authgate migrate." if is_there else "Start it, or correct database.url."
        return [problem(what, str(failure), cure)]
    if database.is_sqlite:
        return [well(what, f"SQLite {sqlite_path(database)}, up to date")]
    return [well(what, "PostgreSQL, up to date, row-level security on every table"), _clock(skew)]


def _exists(path: str) -> bool:
    return Path(path).exists()


def _clock(skew: timedelta) -> Finding:
    side = "ahead" if skew > timedelta(0) else "behind"
    found = f"the database's is {abs(skew.total_seconds()):.1f} s {side}"
    if abs(skew) < _SKEW_THAT_MATTERS:
        return well("clock", found)
    return problem("clock", found, "Run a time service on both machines.")


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return well("redis", "not used: limits and caches are in memory")
    try:
        async with RedisConnection(settings.redis_url.get_secret_value()) as redis:
            await redis.call("PING")
    except (RedisUnavailable, ValueError) as error:
        return problem("redis", f"cannot be reached: {error}", "Start it, or correct redis_url.")
    return well("redis", "answers")


async def _tenants(parts: Installation) -> AsyncIterator[Finding]:
    tenants = await _some_tenants(parts)
    if not tenants:
        yield warning("tenants", "there are none", "Run authgate tenant create SLUG.")
        return
    found = [finding for tenant in tenants if (finding := await _keys(parts, tenant))]
    yield found[0] if found else well("signing keys", f"in order in {_counted(tenants)}")
    slug = parts.settings.default_tenant
    yield await _issuer(next((each for each in tenants if each.slug == slug), tenants[0]))


async def _some_tenants(parts: Installation) -> list[Tenant]:
    tenants: list[Tenant] = []
    async for row in all_tenants():
        if len(tenants) == _TENANTS_LOOKED_AT:
            break
        tenants.append(await installed.tenant(parts, row.slug))
    return tenants


def _counted(tenants: list[Tenant]) -> str:
    if len(tenants) == _TENANTS_LOOKED_AT:
        return f"the first {_TENANTS_LOOKED_AT} tenants"
    return f"{len(tenants)} tenant{'s' if len(tenants) > 1 else ''}"


async def _keys(parts: Installation, tenant: Tenant) -> Finding | None:
    what, algorithm = "signing keys", tenant.settings.signing_algorithm
    with use_tenant(tenant):
        try:
            signs = algorithm in (await parts.keys.key_set()).signers
        except (SealBroken, UnknownKeyEncryptionKey):
            result = f"those of {tenant.slug} do not open with this key-encryption key"
            return problem(what, result, "Set keys.kek to the one that sealed them.")
        rows = await signing_keys.every()
    if not signs:
        cure = f"Run authgate keys rotate --tenant {tenant.slug}."
        return problem(what, f"{tenant.slug} has none for {algorithm}", cure)
    active = [row.activated_at for row in rows if row.state is KeyState.ACTIVE]
    oldest = min((each for each in active if each), default=utc_now())
    if utc_now() - oldest > _OLD:
        age = (utc_now() - oldest).days
        cure = f"Run authgate keys rotate --tenant {tenant.slug}."
        return warning(what, f"{tenant.slug} signs with one that is {age} days old", cure)
    return None


async def _issuer(tenant: Tenant) -> Finding:
    async with http_for(tenant.issuer) as http:
        try:
            await DeviceFlow(http, client_id="").discover(tenant.issuer)
        except NoAnswer as error:
            return warning("issuer", str(error), "Start it: authgate serve.")
        except SignInFailed as error:
            return problem("issuer", str(error), "Set base_url to the address it is reached at.")
    return well("issuer", f"{tenant.issuer} answers, and calls itself so")
