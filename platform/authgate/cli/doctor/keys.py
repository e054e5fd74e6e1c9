"""A tenant's signing keys: that they open, that one signs and one waits, and how old they are."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from authgate.clock import utc_now
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.installation import Installation
from authgate.storage.keys import signing_keys
from authgate.storage.keys.signing_keys import KeyState, SigningKey
from authgate_tenants import Tenant
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey

KEK_UNKNOWN = Misconfiguration(
    code="kek-unknown",
    area=Area.KEYS,
    wrong="What a tenant has sealed does not open with the key-encryption key that is set.",
    why="The tenant has no signing keys, and nobody gets a token.",
    cure="Set `keys.kek` or `keys.kek_file` to the key that sealed it, or add that one to"
    " `keys.retired_keks`.",
)
REWRAP_PENDING = Misconfiguration(
    code="rewrap-pending",
    severity=Severity.WARNING,
    area=Area.KEYS,
    wrong="A former key-encryption key still opens what a tenant has sealed.",
    why="The former key cannot be destroyed yet, and whoever has it opens everything.",
    cure="Run `authgate keys rewrap`, then take it out of `keys.retired_keks`.",
)
SIGNING_KEY_MISSING = Misconfiguration(
    code="signing-key-missing",
    area=Area.KEYS,
    wrong="A tenant has no active key of the algorithm that it signs with.",
    why="Nobody gets a token of this tenant.",
    cure="Run `authgate keys rotate --now --tenant {tenant}`.",
)
SIGNING_KEY_ALONE = Misconfiguration(
    code="signing-key-alone",
    severity=Severity.WARNING,
    area=Area.KEYS,
    wrong="A tenant has no key that waits to sign next.",
    why="Should the active one have to be revoked, clients would meet a key that they do not know.",
    cure="Run `authgate keys rotate --now --tenant {tenant}`.",
)
SIGNING_KEY_OLD = Misconfiguration(
    code="signing-key-old",
    severity=Severity.WARNING,
    area=Area.KEYS,
    wrong="A tenant has signed with the same key for more than 90 days, and for longer than it"
    " wants.",
    why="The longer a key is used, the more a stolen one is worth.",
    cure="Run `authgate keys rotate --tenant {tenant}`.",
)

_OLD_DAYS = 90
_LATE = timedelta(days=1)
"""Thousands of keys that are due on the same day take some of it."""


async def findings(parts: Installation, tenant: Tenant) -> list[Finding]:
    """What is wrong with the keys of the tenant in scope."""
    algorithm = tenant.settings.signing_algorithm
    try:
        signs = algorithm in (await parts.keys.key_set()).signers
        is_stale = await parts.encryption.has_former(tenant.id)
    except (SealBroken, UnknownKeyEncryptionKey):
        return [KEK_UNKNOWN.found(f"{tenant.slug} cannot open what it has sealed")]
    found = []
    if is_stale:
        found.append(REWRAP_PENDING.found(f"that of {tenant.slug}"))
    if not signs:
        what = f"{tenant.slug} has none for {algorithm}"
        return [*found, SIGNING_KEY_MISSING.found(what, tenant=tenant.slug)]
    rows = [row for row in await signing_keys.every() if row.algorithm == algorithm]
    return [*found, *_aged(tenant, rows, utc_now())]


def _aged(tenant: Tenant, rows: Sequence[SigningKey], now: datetime) -> Iterator[Finding]:
    if all(row.state is not KeyState.PENDING for row in rows):
        what = f"none waits in {tenant.slug}"
        yield SIGNING_KEY_ALONE.found(what, tenant=tenant.slug)
    longest = timedelta(days=max(_OLD_DAYS, tenant.settings.signing_key_days)) + _LATE
    for row in rows:
        if row.state is KeyState.ACTIVE and row.activated_at and now - row.activated_at > longest:
            what = f"{tenant.slug} signs with one that is {(now - row.activated_at).days} days old"
            yield SIGNING_KEY_OLD.found(what, tenant=tenant.slug)
