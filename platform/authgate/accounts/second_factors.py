"""A person's second factors: the code of an authenticator app, or a recovery code in its stead."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from authgate.accounts import totp
from authgate.accounts.known_browsers import KnownBrowser
from authgate.storage.people.users import User
from authgate.storage.random_secrets import hashed
from authgate.storage.sign_in import (
    login_failures,
    passkeys,
    recovery_codes,
    remembered_devices,
    totp_secrets,
)
from authgate.storage.sign_in.passkeys import Passkey
from authgate.storage.sign_in.totp_secrets import TotpSecret
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher, TenantEncryption

RECOVERY_CODES = 10
"""How many a person has at once."""
LONGEST_TYPED = 64

_SEAL = "totp"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _LETTERS = 4, 4
"""Of a recovery code: 79 random bits, so that its plain hash cannot be searched."""
_LONGEST_WAIT = timedelta(days=1)


class Method(StrEnum):
    """What somebody has shown as their second factor."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a person has."""

    app: TotpSecret | None
    passkeys: Sequence[Passkey]
    recovery_codes: int
    """Those that are good still."""


class SecondFactors:
    """Checks and keeps them."""

    def __init__(self, encryption: TenantEncryption) -> None:
        self._encryption = encryption

    async def of(self, user: User) -> Enrolled:
        """What this person has."""
        return Enrolled(
            await totp_secrets.find(user.id),
            await passkeys.of(user.id),
            await recovery_codes.left(user.id),
        )

    async def shown(self, user: User, typed: str, *, now: datetime) -> Method | None:
        """What somebody has shown by typing this; it is used up with that (RFC 6238 section 5.2).

        Count the attempt before.
        """
        if len(typed) > LONGEST_TYPED:
            return None
        plain = "".join(each for each in typed.lower() if each.isalnum())
        if len(plain) == totp.DIGITS:
            return Method.TOTP if await self._is_code(user, plain, now) else None
        code_hash = _hashed(user, plain)
        is_used_up = await recovery_codes.use(user.id, code_hash, now=now)
        return Method.RECOVERY_CODE if is_used_up else None

    async def enrol(self, user: User, secret: bytes, *, step: int, now: datetime) -> None:
        """Have this be the secret of the person's app. Needs a unit of work that holds them."""
        sealed = (await self._cipher()).seal(kind=_SEAL, object_id=str(user.id), plaintext=secret)
        await totp_secrets.replace(user.id, sealed, step=step, now=now)

    async def new_recovery_codes(self, user: User, *, now: datetime) -> tuple[str, ...]:
        """Codes in the place of all former ones, told this once."""
        codes = tuple(_random_code() for _ in range(RECOVERY_CODES))
        hashes = [_hashed(user, each.replace("-", "")) for each in codes]
        await recovery_codes.replace(user.id, hashes, now=now)
        return codes

    async def remove(self, user: User) -> bool:
        """Have the person have none, and no browser that is remembered; ``False`` where they had
        none."""
        await login_failures.forget(account(user))
        await recovery_codes.remove(user.id)
        await remembered_devices.end_all(user.id)
        had_app = await totp_secrets.remove(user.id)
        return await passkeys.remove_all(user.id) > 0 or had_app

    async def remove_app(self, user: User) -> bool:
        """Take the app away; where it was the last factor, all that belongs to one as well.
        ``False`` where there was none."""
        if not await passkeys.exist(user.id):
            return await self.remove(user)
        return await totp_secrets.remove(user.id)

    async def _is_code(self, user: User, typed: str, now: datetime) -> bool:
        known = await totp_secrets.find(user.id)
        if known is None:
            return False
        cipher = await self._cipher()
        secret = cipher.open(kind=_SEAL, object_id=str(user.id), sealed=known.sealed)
        step = totp.step(secret, typed, now=now)
        # One statement: of the same code sent twice at once one is taken.
        return step is not None and await totp_secrets.use(user.id, step=step, now=now)

    async def _cipher(self) -> TenantCipher:
        return await self._encryption.cipher(current_tenant().id)


async def has_any(user_id: UUID) -> bool:
    """Whether this person can show a second factor."""
    return await totp_secrets.exists(user_id) or await passkeys.exist(user_id)


def account(user: User, known: KnownBrowser | None = None) -> str:
    """What wrong codes are counted under; no name looks like it, and no password is counted there:
    the right one forgets nothing of it. Whoever tries from elsewhere pauses no browser that the
    person has signed in with."""
    return f"{known.account if known else user.id}\0second-factor"


async def count_attempt(counted: str, *, now: datetime) -> int | None:
    """Count a code that is about to be looked at, as ``login_failures`` does: however many there
    were, the account waits for a day at the longest."""
    return await login_failures.count_attempt(counted, now=now, longest=_LONGEST_WAIT)


def _random_code() -> str:
    return "-".join("".join(_letters()) for _ in range(_GROUPS))


def _letters() -> Iterator[str]:
    return (secrets.choice(_ALPHABET) for _ in range(_LETTERS))


def _hashed(user: User, plain: str) -> bytes:
    return hashed(f"{user.id}\0{plain}")
