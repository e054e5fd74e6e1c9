"""A tenant's signing keys: made, rotated, revoked, and kept open for use.

Of each algorithm in use a tenant has one key that signs and one that waits, which clients know
from the JWKS long before its first signature. Rotation is then a change of states.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from authgate import audit
from authgate.audit import Actor, Event
from authgate.clock import Clock, utc_now
from authgate.storage import savepoint, transaction
from authgate.storage.keys import signing_key_steps, signing_keys
from authgate.storage.keys.signing_keys import KeyState, NewKey, PublishedKey, SigningKey
from authgate.tokens import key_steps, lifetimes
from authgate.tokens.algorithms import ALGORITHMS
from authgate.tokens.imported_key import ImportedKey
from authgate.tokens.key_set import (
    MAX_AGE,
    MAX_AGE_AFTER_REVOCATION,
    STALE_WHILE_REVALIDATE,
    JwksDocument,
    KeySet,
    sealed,
)
from authgate.tokens.signer import Signer
from authgate_tenants import current_tenant, lifecycle
from authgate_tenants.encryption import TenantEncryption
from authgate_tenants.settings import SigningAlgorithm, TenantSettings

_log = structlog.get_logger(__name__)
_RETIRING = timedelta(days=14)
_PAST_LAST_TOKEN = timedelta(hours=1)
_REVOCATION_IS_RECENT = timedelta(days=1)
_HEARD_AFTER = 60
"""Seconds in which the last process shows a new key in its JWKS; clocks may differ as well."""

KNOWN_AFTER = _HEARD_AFTER + MAX_AGE + STALE_WHILE_REVALIDATE
"""Seconds after which whoever heeds the headers of the JWKS knows a key that was added to it."""


class NoSigningKey(LookupError):
    """The tenant has no active key of the algorithm."""


class UnknownKey(LookupError):
    """The tenant has no such key, or it is revoked already."""


class KnownKey(ValueError):
    """The tenant has had this key before, whatever became of it."""


class KeyTooYoung(RuntimeError):
    """Clients may not know the waiting key yet."""

    def __init__(self, ready_at: datetime) -> None:
        super().__init__(f"{ready_at:%Y-%m-%d %H:%M:%S} UTC")


class KeysChanged(RuntimeError):
    """Somebody else changed the keys in the same moment: look again and repeat."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did, by the ids of the keys."""

    retiring: str
    active: str
    pending: str


class KeySetCache(Protocol):
    """Remembers opened keys, for a while and until told otherwise, in every process."""

    def kept(self, key: tuple[UUID, str]) -> tuple[KeySet, float] | None: ...

    async def get(self, key: tuple[UUID, str], load: Callable[[], Awaitable[KeySet]]) -> KeySet: ...

    def forget(self, key: tuple[UUID, str]) -> None: ...

    async def invalidate(self, key: tuple[UUID, str]) -> None: ...


class SigningKeys:
    """The keys of the tenant in scope."""

    def __init__(
        self, *, encryption: TenantEncryption, cache: KeySetCache, clock: Clock = utc_now
    ) -> None:
        self._encryption = encryption
        self._cache = cache
        self._clock = clock

    async def key_set(self, *, verifying: str = "") -> KeySet:
        """The published keys, opened.

        Where ``verifying`` names a key that waits, they are as they are stored now: another process
        may have begun to sign with it, and this one not have heard yet.
        """
        key = (current_tenant().id, "keys")
        kept = self._cache.kept(key)
        keys = kept[0] if kept is not None else await self._cache.get(key, self._load)
        return await self._load() if verifying in keys.waiting else keys

    async def signer(self, algorithm: SigningAlgorithm) -> Signer:
        """What signs with this algorithm. Raises ``NoSigningKey``."""
        signer = (await self.key_set()).signers.get(algorithm)
        if signer is None:
            # The tenant may have chosen it in another process, a moment after these were read.
            self._cache.forget((current_tenant().id, "keys"))
            signer = (await self.key_set()).signers.get(algorithm)
        if signer is None:
            raise NoSigningKey(f"{current_tenant().slug} has no active {algorithm} key.")
        return signer

    async def jwks(self) -> JwksDocument:
        """The tenant's JWKS, ready to be sent."""
        return (await self.key_set()).jwks

    async def ensure(self, algorithm: SigningAlgorithm) -> None:
        """Make the key that signs and the one that waits, where they are missing."""
        await self._active_and_pending(algorithm)

    async def known_at(self, algorithm: SigningAlgorithm) -> datetime:
        """When clients know the key that signs with this algorithm, which is made if need be."""
        active, _ = await self._active_and_pending(algorithm)
        return active.published_at + timedelta(seconds=KNOWN_AFTER)

    async def rotate(
        self,
        algorithm: SigningAlgorithm,
        *,
        actor: Actor,
        replacing: str | None = None,
        known_for: int = 0,
    ) -> Rotation | None:
        """Let the waiting key sign from now on, and make another one wait.

        With ``known_for`` only if the waiting key has been in the JWKS for so many seconds:
        clients that keep the JWKS for ``MAX_AGE`` know it then. ``None`` where another rotation
        came first, or where ``replacing`` is given and is not the ``kid`` of the active key.
        Raises ``KeysChanged`` and ``KeyTooYoung``.
        """
        active, pending = await self._active_and_pending(algorithm)
        if replacing not in (None, active.kid):
            return None
        # Made before the transaction: an RSA key takes its time, SQLite has one writer.
        fresh, now = await self._generated(algorithm), self._clock()
        end = _end(active, now, await lifecycle.chosen())
        ready_at = pending.published_at + timedelta(seconds=known_for)
        if ready_at > now:
            raise KeyTooYoung(ready_at)
        async with savepoint():
            if not await signing_keys.retire(active.kid, now=now, expires_at=end):
                return None
            due = _due(algorithm, now, current_tenant().settings)
            if not await signing_keys.activate(pending.kid, now=now, rotates_at=due):
                raise KeysChanged(pending.kid)
            await self._note(active.kid, KeyState.RETIRING)
            await self._note(pending.kid, KeyState.ACTIVE)
            await signing_keys.insert(fresh, state=KeyState.PENDING, now=now)
            await self._record(Event.SIGNING_KEY_ROTATED, pending, actor=actor)
            await self._forget()
        return Rotation(retiring=active.kid, active=pending.kid, pending=fresh.kid)

    async def rotate_due(self, *, actor: Actor) -> list[Rotation]:
        """Rotate what has signed for as long as the tenant wants, where clients know the next key.

        Safe to repeat, and to do twice at once.
        """
        now, done = self._clock(), []
        for key in await signing_keys.active():
            if key.rotates_at is None or key.rotates_at > now:
                continue
            try:
                rotation = await self.rotate(
                    ALGORITHMS[key.algorithm].algorithm,
                    actor=actor,
                    replacing=key.kid,
                    known_for=KNOWN_AFTER,
                )
            except (KeyTooYoung, KeysChanged):
                continue  # it is due until it is done
            if rotation is not None:
                done.append(rotation)
        return done

    async def settings_changed(self, before: TenantSettings, after: TenantSettings) -> None:
        """Let the keys that sign be due as the tenant wants it now.

        What they have signed lives as long as the tenant had it live then.
        """
        signed = max(lifetimes.longest(before), lifetimes.longest(after))
        for key in await signing_keys.active():
            await signing_keys.reschedule(
                key.kid,
                rotates_at=_due(key.algorithm, key.activated_at or key.created_at, after),
                signed_lifetime=max(signed, key.signed_lifetime or 0),
            )

    async def bring_in(self, brought: ImportedKey, *, actor: Actor) -> None:
        """Let a key that somebody has brought wait, in place of the one that waits.

        That one has signed nothing, and ends. Raises ``KnownKey`` and ``KeysChanged``.
        """
        key, kid = brought
        if await signing_keys.is_known(kid, key.algorithm, key.public_members()):
            raise KnownKey(kid)
        _, pending = await self._active_and_pending(key.algorithm)
        new = sealed(key, cipher=await self._encryption.cipher(current_tenant().id), kid=kid)
        async with savepoint():
            now = self._clock()
            if not await signing_keys.revoke(pending.kid, was=KeyState.PENDING, now=now):
                raise KeysChanged(pending.kid)
            await self._note(pending.kid, KeyState.REVOKED)
            if not await signing_keys.insert(new, state=KeyState.PENDING, now=now):
                raise KeysChanged(new.kid)
            await audit.record(
                Event.SIGNING_KEY_IMPORTED,
                actor=actor,
                resource=("signing_key", new.kid),
                details={"algorithm": new.algorithm, "in_place_of": pending.kid},
            )
            await self._forget()

    async def revoke(self, kid: str, *, actor: Actor) -> None:
        """End a key at once: out of the JWKS, and its tokens are no longer believed.

        The waiting key takes the place of an active one. Raises ``UnknownKey`` and
        ``KeysChanged``.
        """
        row = await signing_keys.find(kid)
        if row is None or row.state == KeyState.REVOKED:
            raise UnknownKey(kid)
        was, algorithm = row.state, ALGORITHMS[row.algorithm].algorithm
        if was == KeyState.ACTIVE:
            await self.rotate(algorithm, actor=actor, replacing=kid)
            was = KeyState.RETIRING
        async with transaction():
            if not await signing_keys.revoke(kid, was=was, now=self._clock()):
                raise KeysChanged(kid)
            await self._note(kid, KeyState.REVOKED)
            await self._record(Event.SIGNING_KEY_REVOKED, row, actor=actor)
            await self._forget()
        if was == KeyState.PENDING:
            await self.ensure(algorithm)

    async def _active_and_pending(
        self, algorithm: SigningAlgorithm
    ) -> tuple[SigningKey, SigningKey]:
        found = await signing_keys.of_algorithm(algorithm, now=self._clock())
        # Always in this order: processes that do the same at once must not wait for each other.
        missing = [state for state in (KeyState.ACTIVE, KeyState.PENDING) if state not in found]
        if missing:
            await self._make(algorithm, missing)
            found = await signing_keys.of_algorithm(algorithm, now=self._clock())
        return found[KeyState.ACTIVE], found[KeyState.PENDING]

    async def _make(self, algorithm: SigningAlgorithm, states: list[KeyState]) -> None:
        fresh = [(state, await self._generated(algorithm)) for state in states]
        async with transaction():
            for state, key in fresh:
                # Who comes second in a race finds this refused, and uses the key of the first.
                now, is_active = self._clock(), state == KeyState.ACTIVE
                due = _due(algorithm, now, current_tenant().settings) if is_active else None
                await signing_keys.insert(key, state=state, now=now, rotates_at=due)
            await self._forget()

    async def _generated(self, algorithm: SigningAlgorithm) -> NewKey:
        kind, cipher = ALGORITHMS[algorithm], await self._encryption.cipher(current_tenant().id)
        while True:
            key = await asyncio.to_thread(kind.generate) if kind.is_slow else kind.generate()
            new = sealed(key, cipher=cipher)
            # Typed after a command, a name with a dash in front would pass for an option.
            if not new.kid.startswith("-"):
                return new

    async def _note(self, kid: str, state: KeyState) -> None:
        cipher = await self._encryption.cipher(current_tenant().id)
        await signing_key_steps.note(key_steps.sealed(kid, state, cipher=cipher))

    async def _record(self, event: Event, key: SigningKey, *, actor: Actor) -> None:
        await audit.record(
            event,
            actor=actor,
            resource=("signing_key", key.kid),
            details={"algorithm": key.algorithm, "was": key.state},
        )

    async def _load(self) -> KeySet:
        now, cipher = self._clock(), await self._encryption.cipher(current_tenant().id)
        # The steps first: a key that moves on meanwhile is then ahead of them, never behind.
        furthest = key_steps.reached(await signing_key_steps.every(), cipher=cipher)
        rows = await signing_keys.published(now=now, revoked_since=now - _REVOCATION_IS_RECENT)
        living = [row for row in rows if _is_living(row, furthest)]
        return KeySet.opened(
            living,
            cipher=cipher,
            max_age=MAX_AGE if len(living) == len(rows) else MAX_AGE_AFTER_REVOCATION,
        )

    async def _forget(self) -> None:
        await self._cache.invalidate((current_tenant().id, "keys"))


def _is_living(row: PublishedKey, furthest: dict[str, KeyState]) -> bool:
    if key_steps.is_put_back(row.kid, row.state, furthest):
        _log.error("signing key was put back", kid=row.kid, says=row.state)
        return False
    return row.state != KeyState.REVOKED


def _due(algorithm: str, since: datetime, settings: TenantSettings) -> datetime | None:
    """When a key that signs since then is to be followed by the next; never by itself where the
    tenant wants it so, and where each server that checks has to be given the secret by hand."""
    if not settings.signing_key_days or algorithm == "HS256":
        return None
    return since + timedelta(days=settings.signing_key_days)


def _end(key: SigningKey, now: datetime, chosen: TenantSettings) -> datetime:
    """When the last token of a key that signs until now has certainly ended.

    By what the tenant has chosen: a plan that lets less of it be in force may have come after a
    token was signed.
    """
    longest = max(lifetimes.longest(chosen), key.signed_lifetime or 0)
    return now + max(_RETIRING, timedelta(seconds=longest) + _PAST_LAST_TOKEN)
