"""Which tenants have enabled which plugins, as far as the installation's database tells."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from authgate import storage
from authgate.cli import expected
from authgate.cli.output import say
from authgate.settings import Settings
from authgate.storage import fitness
from authgate.storage.database import sqlite_path
from authgate_tenants import TenantSettings
from authgate_tenants.lifecycle import all_tenants


def tenants_by_plugin() -> Mapping[str, Sequence[str]] | None:
    """The slugs of each plugin's tenants; ``None``, and a line that says why, where no database
    can be asked."""
    try:
        settings = Settings()
        if settings.database.is_sqlite and not Path(sqlite_path(settings.database)).exists():
            say("Which tenants have enabled them is not known: there is no database here.")
            return None
        return asyncio.run(_read(settings))
    except Exception as error:
        failure = expected.failure_of(error)
        if failure is None:
            raise
        say(f"Which tenants have enabled them is not known. {failure}")
        return None


async def _read(settings: Settings) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    async with storage.opened(settings.database):
        await fitness.check(settings.database)
        async for row in all_tenants():
            for plugin in TenantSettings.from_json(row.settings).enabled_plugins:
                found[plugin].append(row.slug)
    return found
