"""Makes tenants by the product's own functions: ``python -m bench.many_tenants <first> <last>``.

The installation is that of the environment. Each tenant gets its keys and a machine; what they are
is printed as JSON, one line a tenant.
"""

import asyncio
import json
import sys
from collections.abc import Iterator

from authgate import installation, provisioning
from authgate.installation import Installation
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate_tenants import use_tenant
from bench.scenario import SCOPE

_AT_ONCE = 8


async def make(first: int, last: int) -> None:
    """Make the tenants with these numbers, both included."""
    numbers = iter(range(first, last + 1))
    async with installation.opened(Settings()) as parts, asyncio.TaskGroup() as makers:
        for _ in range(_AT_ONCE):
            makers.create_task(_make_each(parts, numbers))


async def _make_each(parts: Installation, numbers: Iterator[int]) -> None:
    for number in numbers:
        tenant = await provisioning.add_tenant(parts, slug=f"t{number}", name=f"Tenant {number}")
        with use_tenant(tenant):
            machine = await provisioning.add_client(
                parts,
                ClientDraft(
                    name="machine",
                    grant_types=["client_credentials"],
                    scopes=[SCOPE],
                ),
            )
        print(json.dumps([tenant.slug, machine.client.client_id, machine.secret]))


if __name__ == "__main__":
    asyncio.run(make(int(sys.argv[1]), int(sys.argv[2])))
