"""Passwords: argon2id, off the event loop, in a pool that says no rather than queue for ever."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Protocol, TypeVar

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from authgate.accounts import password_costs, password_rules
from authgate.accounts.breaches import Breaches
from authgate.languages import counted, text
from authgate.telemetry import metrics
from authgate_tenants.scope import tenant_in_scope

Result = TypeVar("Result")

Check = Callable[[str | None, str, Collection[str]], Awaitable[bool]]
"""Whether a password is the one stored like this; as slow where nothing is stored, or where what is
stored costs as much as any other of these hashes."""

MINIMUM_LENGTH = 15
"""Characters, where the password is the only factor (NIST SP 800-63B-4 section 3.1.1)."""

MAXIMUM_BYTES = 1024
"""Nobody types more; hashing more is work for an attacker's benefit."""

FORGOTTEN = "/forgot-password"
"""Where another one is chosen than the one that was forgotten."""

JOIN = "/join"
"""Where people begin accounts with passwords by themselves."""

_QUEUE_PER_THREAD = 16

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""19 MiB, two passes, one lane: OWASP's setting for argon2id."""


_BCRYPT_BYTES = 72
"""What bcrypt reads of a password."""


class HashPassword(Protocol):
    """What is stored of a password that is chosen for somebody of whom this is known. Raises
    ``BadPassword`` and ``TooBusy``."""

    async def __call__(self, password: str, *, about: Collection[str] = ()) -> str: ...


class BadPassword(ValueError):
    """A password that may not be chosen."""


class TooBusy(RuntimeError):
    """More passwords wait to be checked than can be in reasonable time."""


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, *, threads: int | None = None, breaches: Breaches | None = None) -> None:
        self._breaches = breaches
        count = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="argon2")
        self._free = count * _QUEUE_PER_THREAD

    @contextmanager
    def place(self) -> Iterator[Check]:
        """A place in the queue, and what checks a password there, which gives the place back; so
        does the end of the block.

        Taken before an attempt is counted, so that nobody pays for one that was never heard, and
        held by nobody who waits for another server. Raises ``TooBusy`` where there is no place.
        """
        if self._free == 0:
            metrics.unavailable.add("passwords")
            raise TooBusy
        self._free -= 1
        with ExitStack() as held:
            held.callback(self._give_back)

            async def check(stored: str | None, password: str, others: Collection[str]) -> bool:
                try:
                    return await self._matches(stored, password, others)
                finally:
                    held.close()

            yield check

    async def hash(self, password: str, *, about: Collection[str] = ()) -> str:
        """What is stored of a password that somebody chooses of whom this is known. Raises
        ``BadPassword`` and ``TooBusy``."""
        least = minimum_length()
        if len(password) < least:
            raise BadPassword(
                counted(
                    "A password needs at least %(num)s character.",
                    "A password needs at least %(num)s characters.",
                    least,
                )
            )
        if len(password.encode()) > MAXIMUM_BYTES:
            raise BadPassword(text("A password has at most %(most)s bytes.", most=MAXIMUM_BYTES))
        with self.place():
            if await self._in_pool(password_rules.is_easily_guessed, password, _known(about)):
                raise BadPassword(
                    text(
                        "This password is easily guessed: it is a common one, repeats itself, or is"
                        " made of your name. Take a few words that do not belong together."
                    )
                )
            if self._breaches is not None and await self._breaches.have(password):
                raise BadPassword(
                    text(
                        "This password was stolen somewhere, and is tried by others. Take another."
                    )
                )
            return await self._in_pool(_HASHER.hash, password)

    async def renewed(self, password: str) -> str:
        """What is stored of a password that is right, however short it is."""
        return await self._in_pool(_HASHER.hash, password)

    async def is_right(self, stored: str, password: str) -> bool:
        """Whether somebody who has proven a password knows this one as well: its time tells more
        than a stranger may know."""
        return await self._in_pool(self._verify, stored, password)

    async def _matches(self, stored: str | None, password: str, others: Collection[str]) -> bool:
        if len(password.encode()) > MAXIMUM_BYTES:
            password = ""  # hashed all the same, so that its length tells nothing
        own, right = password_costs.of(stored), False
        known = {password_costs.of_hasher(_HASHER), own, *map(password_costs.of, others)}
        # Whoever is unknown, renewed or not yet: each is answered after one of each cost.
        for cost in sorted(filter(None, known)):
            checked = stored if cost == own and stored else password_costs.of_nobody(cost)
            right |= await self._in_pool(self._verify, checked, password) and cost == own
        return right

    def _give_back(self) -> None:
        self._free += 1

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str, password: str) -> bool:
        if password_costs.is_bcrypt(stored):
            given = password.encode()
            right = bcrypt.checkpw(given[:_BCRYPT_BYTES], stored.encode())
            return right and len(given) <= _BCRYPT_BYTES
        try:
            return _HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_pool(self, work: Callable[..., Result], *arguments: object) -> Result:
        began, loop = perf_counter(), asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, work, *arguments)
        finally:
            metrics.password_hash_seconds.observe(perf_counter() - began)


def _known(about: Collection[str]) -> tuple[str, ...]:
    """What is known of whoever chooses a password, and where they do."""
    tenant = tenant_in_scope()
    return (*about, tenant.name, tenant.slug) if tenant else tuple(about)


def minimum_length() -> int:
    """How many characters a password needs that somebody chooses now."""
    tenant = tenant_in_scope()
    return max(MINIMUM_LENGTH, tenant.settings.password_min_length if tenant else 0)


def is_todays(stored: str) -> bool:
    """Whether this hash is as those that are made now; others are renewed at a sign-in."""
    if password_costs.is_bcrypt(stored):
        return False
    return not _HASHER.check_needs_rehash(stored)
