"""A process that tells plugins what has happened, and is killed before it has noted that it did:
``python -m … TENANT``."""

import asyncio
import sys
import time
from collections.abc import Sequence

import authgate_jsonl
from authgate import installation
from authgate.feeds import telling
from authgate.plugin_api import AuditEvent
from authgate.settings import Settings
from authgate_jsonl import files
from authgate_tenants import use_tenant

_SECONDS = 60.0


def _stop(events: Sequence[AuditEvent]) -> None:
    files.append(events)
    sys.stdout.write("half\n")
    sys.stdout.flush()
    time.sleep(_SECONDS)


async def _feed(slug: str) -> None:
    async with installation.opened(Settings()) as parts:
        tenant = await parts.resolver.find(slug)
        assert tenant is not None
        with use_tenant(tenant):
            await telling.feed_plugins(parts)


if __name__ == "__main__":
    authgate_jsonl.append = _stop  # type: ignore[attr-defined]  # where the hook finds it
    asyncio.run(_feed(sys.argv[1]))
