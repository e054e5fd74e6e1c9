"""Builds that break a promise, each in one place, for the checker to catch.

``python -m authgate_testing.faults.broken <build>`` serves one as ``authgate serve`` would.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

from authgate import serving, storage
from authgate.cli.operation.serve import options
from authgate.settings import Settings
from authgate.storage.batches.append_log import AppendLog, Row
from authgate.storage.batches.redemptions import Redemptions, Spend
from authgate.storage.grants.device_codes import DeviceCode, DeviceCodeStatus
from authgate.storage.issued.tokens import Token
from authgate.storage.unit_of_work import in_transaction
from authgate.telemetry import logs
from authgate.web.edge import App
from authgate.web.exchange import Receive, Scope, Send
from authgate_testing.faults.asking import claims_of

_BETWEEN_READ_AND_WRITE_SECONDS = 0.3
"""Long enough for a rival on a busy machine."""
_BETWEEN_ANSWER_AND_WRITE_SECONDS = 0.3
"""Long enough for a database to be away by then, and shorter than it is."""

_keeps = AppendLog.append


def _answers_before_commit() -> None:
    underway: set[asyncio.Future[None]] = set()

    async def append(self: AppendLog, *rows: Row) -> None:
        if in_transaction() or not any(row.table.name == Token._meta.db_table for row in rows):
            await _keeps(self, *rows)
            return
        later = asyncio.ensure_future(_kept(self, rows))
        underway.add(later)
        later.add_done_callback(underway.discard)

    AppendLog.append = append  # type: ignore[method-assign]  # the fault


async def _kept(log: AppendLog, rows: tuple[Row, ...]) -> None:
    await asyncio.sleep(_BETWEEN_ANSWER_AND_WRITE_SECONDS)
    with suppress(Exception):  # nobody waits for it any more
        await _keeps(log, *rows)


def _reads_then_writes() -> None:
    async def redeem(self: Redemptions, spend: Spend, *rows: Row) -> bool:
        async with storage.transaction():
            row = await DeviceCode.get(id=spend.id)
            if row.status is not DeviceCodeStatus.APPROVED:
                return False
            await asyncio.sleep(_BETWEEN_READ_AND_WRITE_SECONDS)
            row.status = DeviceCodeStatus.REDEEMED
            await row.save(update_fields=["status"])
            await storage.append(*rows)
        return True

    Redemptions.redeem = redeem  # type: ignore[method-assign]  # the fault


def _takes_outages_for_failures() -> None:
    def is_outage(error: BaseException) -> bool:
        return False

    storage.is_outage = is_outage


class Broken:
    """The server, broken as soon as it starts."""

    def __init__(self, break_it: Callable[[], None]) -> None:
        self._break_it = break_it
        self._app: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._break_it()
            from authgate.asgi import app

            self._app = app
        await self._app(scope, receive, send)


answers_before_commit = Broken(_answers_before_commit)
reads_then_writes = Broken(_reads_then_writes)
takes_outages_for_failures = Broken(_takes_outages_for_failures)


async def takes_the_tenant_from_the_token(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends whoever shows a token to its issuer, whoever was asked."""
    from authgate.asgi import app

    shown = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
    if shown.startswith("Bearer "):
        endpoint = scope["path"].partition("/oauth/")[2]
        issuer = urlsplit(claims_of(shown.removeprefix("Bearer "))["iss"])
        scope = {**scope, "path": f"{issuer.path}/oauth/{endpoint}"}
    await app(scope, receive, send)


if __name__ == "__main__":
    settings = Settings()
    logs.configure(settings)
    app = f"authgate_testing.faults.broken:{sys.argv[1]}"
    sys.exit(serving.run(replace(options(settings), app=app)))
