"""Whether the open database is fit to serve from: asked by every process before it begins."""

import asyncpg

from authgate.settings import DatabaseSettings
from authgate.storage import database, migrate, row_security


class NotMigrated(RuntimeError):
    """The open database has not got the shape that this version needs."""


async def check(settings: DatabaseSettings) -> None:
    """Refuse an outdated database, or one whose walls have a hole.

    Raises ``NotMigrated`` and ``WallMissing``.
    """
    missing = await migrate.pending(settings)
    if missing:
        steps = f"{len(missing)} migration{'s' if len(missing) > 1 else ''}"
        raise NotMigrated(f"The database lacks {steps}: run authgate migrate.")
    if not settings.is_sqlite:
        await _check_walls(settings)


async def _check_walls(settings: DatabaseSettings) -> None:
    app = await asyncpg.connect(
        database.dsn(settings.url.get_secret_value()),
        timeout=3,
        statement_cache_size=0 if settings.pgbouncer else 100,
    )
    try:
        await row_security.check(app)
    finally:
        await app.close(timeout=3)
