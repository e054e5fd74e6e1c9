"""Makes tenants by the product's own functions: ``python -m bench.many_tenants <first> <last>``.

The installation is that of the environment. Each tenant gets keys, a machine, a device client, an
owner and a person who is signed in, and tokens. What its machine is called is printed as JSON, one
line a tenant. All people have the same password, which nobody knows: to hash one takes as long as
the rest of a tenant.
"""

import asyncio
import json
import secrets
import sys
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

from authgate import installation, provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.provisioning import NewClient
from authgate.provisioning.users import store_user
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.issued import tokens
from authgate.storage.sign_in import sessions
from authgate.storage.sign_in.sessions import SignIn
from bench.scenario import SCOPE

_AT_ONCE = 8
_TOKENS = 5
_LIFETIME = timedelta(days=1)


async def make(first: int, last: int) -> None:
    """Make the tenants with these numbers, both included."""
    numbers = iter(range(first, last + 1))
    passwords = Passwords(threads=1)
    try:
        password_hash = await passwords.hash(secrets.token_urlsafe(32))
    finally:
        passwords.close()
    async with installation.opened(Settings()) as parts, asyncio.TaskGroup() as makers:
        for _ in range(_AT_ONCE):
            makers.create_task(_make_each(parts, numbers, password_hash))


async def _make_each(parts: Installation, numbers: Iterator[int], password_hash: str) -> None:
    for number in numbers:
        made: list[NewClient] = []

        async def first(made: list[NewClient] = made) -> None:
            made.append(await _fill(parts, password_hash))

        slug = f"t{number}"
        await provisioning.add_tenant(parts, slug=slug, name=f"Tenant {number}", first=first)
        [machine] = made
        print(json.dumps([slug, machine.client.client_id, machine.secret]))


async def _fill(parts: Installation, password_hash: str) -> NewClient:
    """Put into the tenant in scope what one has; its machine."""
    machine = await provisioning.add_client(
        parts, ClientDraft(name="machine", grant_types=["client_credentials"], scopes=[SCOPE])
    )
    await provisioning.add_client(
        parts, ClientDraft(name="television", grant_types=["device_code"], public=True)
    )
    await store_user(username="owner", password_hash=password_hash, role=UserRole.OWNER)
    person = await store_user(username="person", password_hash=password_hash)
    now = utc_now()
    end = now + _LIFETIME
    await sessions.start(person.id, SignIn(["pwd"], "192.0.2.1", "bench", False, now, end, end))
    new = [
        tokens.NewToken(
            jti=str(uuid4()),
            category=tokens.TokenCategory.ACCESS,
            token=secrets.token_urlsafe(32),
            client_id=machine.client.client_id,
            user_id=None,
            family_id=None,
            scope=SCOPE,
            grant_type="client_credentials",
            created_at=now,
            expires_at=end,
        )
        for _ in range(_TOKENS)
    ]
    await storage.append(*map(tokens.row, new))
    return machine


if __name__ == "__main__":
    asyncio.run(make(int(sys.argv[1]), int(sys.argv[2])))
