"""Builds that break a promise, each in one place, for the checker to catch.

``python -m authgate_testing.faults.broken <build>`` serves one as ``authgate serve`` would.
"""

import asyncio
import itertools
import signal
import sys
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from authgate import storage
from authgate.clock import utc_now
from authgate.mail.delivery import Delivery
from authgate.storage import export_files
from authgate.storage.audit import unsealed
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.leaves import Sealable
from authgate.storage.batches.append_log import AppendLog, Row
from authgate.storage.batches.redemptions import Redemptions, Spend
from authgate.storage.export_files import ExportFile, ExportPiece
from authgate.storage.grants.device_codes import DeviceCode, DeviceCodeStatus
from authgate.storage.issued.tokens import Token
from authgate.storage.mail import mails
from authgate.storage.mail.mails import Mail
from authgate.storage.unit_of_work import in_transaction
from authgate.web.exchange import Receive, Scope, Send
from authgate_testing.faults.asking import claims_of
from authgate_testing.faults.hurried import Altered, hurried, hurry, serve

_BETWEEN_READ_AND_WRITE_SECONDS = 0.3
"""Long enough for a rival on a busy machine."""
_BETWEEN_ANSWER_AND_WRITE_SECONDS = 0.3
"""Long enough for a database to be away by then, and shorter than it is."""

_LATE_SECONDS = 1.2
"""Longer than from one look of a sealer to the next."""

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


def _skips_late_rows() -> None:
    """Seals from where it was the last time, in a log to which every other row comes late."""
    waiting, turn = unsealed.waiting, itertools.count()

    async def younger(*, limit: int) -> list[Sealable]:
        last = await AuditEvent.filter(seq__isnull=False).order_by("-id").first()
        found = await waiting(limit=limit)
        return [each for each in found if last is None or UUID(each.id) > last.id]

    async def append(self: AppendLog, *rows: Row) -> None:
        if not in_transaction() and next(turn) % 2:
            await asyncio.sleep(_LATE_SECONDS)
        await _keeps(self, *rows)

    unsealed.waiting = younger
    AppendLog.append = append  # type: ignore[method-assign]  # not a fault: a log has to bear it


def _appends_twice() -> None:
    write = export_files.write

    async def twice(row: ExportFile, content: bytes, **more: Any) -> None:
        await write(row, content, **more)
        number = await ExportPiece.filter(attempt=row.attempt).count()
        await ExportPiece.create(
            attempt=row.attempt, number=number, content=content, expires_at=row.expires_at
        )

    export_files.write = twice


def _tries_once() -> None:
    async def failed(self: Delivery, mail: Mail, error: str, *, final: bool = False) -> None:
        async with storage.transaction():
            await mails.sent(mail, now=utc_now())

    Delivery._failed = failed  # type: ignore[method-assign]  # the fault


answers_before_commit = Altered(_answers_before_commit)
reads_then_writes = Altered(_reads_then_writes)
takes_outages_for_failures = Altered(_takes_outages_for_failures)
forgets_what_follows = Altered(hurry, _skips_late_rows, _appends_twice, _tries_once)


async def takes_the_tenant_from_the_token(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends whoever shows a token to its issuer, whoever was asked."""
    from authgate.asgi import app

    shown = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
    if shown.startswith("Bearer "):
        endpoint = scope["path"].partition("/oauth/")[2]
        issuer = urlsplit(claims_of(shown.removeprefix("Bearer "))["iss"])
        scope = {**scope, "path": f"{issuer.path}/oauth/{endpoint}"}
    await app(scope, receive, send)


class Sticks:
    """Answers nobody any more once it was stopped and goes on."""

    def __init__(self) -> None:
        self._was_stopped = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._stick)
        if self._was_stopped:
            await asyncio.Event().wait()
        await hurried(scope, receive, send)

    def _stick(self) -> None:
        self._was_stopped = True


sticks = Sticks()


if __name__ == "__main__":
    sys.exit(serve(f"authgate_testing.faults.broken:{sys.argv[1]}"))
