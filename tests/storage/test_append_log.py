"""Group commit: what is refused, and who is told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tortoise import connections
from uuid_utils import uuid7

from authgate import audit, storage
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.settings import DatabaseSettings
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.batches.append_log import AppendLog, Row, SqliteWriter, Table
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.database import sqlite_path
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import NewToken, Token, TokenCategory
from authgate.storage.sqlite.client import turn_of
from authgate_tenants import Tenant, use_tenant

HOUR = timedelta(hours=1)
_NOTES = Table("notes", ("n", "text"))


@pytest.fixture
async def log(sqlite_settings: DatabaseSettings) -> AsyncIterator[AppendLog]:
    """A log whose disk has room for a few notes more."""
    path = sqlite_path(sqlite_settings)
    async with storage.opened(sqlite_settings):
        client = connections.get("default")
        await client.execute_script("CREATE TABLE notes (n INTEGER PRIMARY KEY, text)")
        [pages] = await client.execute_query_dict("PRAGMA page_count")
        writer = SqliteWriter(path, turn_of(client))
        limit = f"PRAGMA max_page_count={pages['page_count'] + 4}"
        await writer._line.run(lambda connection: connection.execute(limit).close())
        log = AppendLog(writer, "sqlite", seconds=6)
        yield log
        await log.close()


async def _stored() -> int:
    rows = await connections.get("default").execute_query_dict("SELECT count(*) AS n FROM notes")
    count: int = rows[0]["n"]
    return count


async def test_a_full_disk_is_an_outage_for_every_request_of_the_batch(log: AppendLog) -> None:
    outcomes = await asyncio.gather(
        *(log.append(Row(_NOTES, (number, "x" * 3000))) for number in range(50)),
        return_exceptions=True,
    )
    # The first one found nobody to share its transaction with.
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(failed) == 50 - await _stored() >= 49
    assert all("full" in str(error) and storage.is_outage(error) for error in failed)
    await log.append(Row(_NOTES, (100, "")))


async def test_a_bad_row_fails_its_own_request_alone(log: AppendLog) -> None:
    numbers = [1, 2, 2, 3]
    outcomes = await asyncio.gather(
        *(log.append(Row(_NOTES, (number, ""))) for number in numbers), return_exceptions=True
    )
    assert [outcome is None for outcome in outcomes] == [True, True, False, True]
    assert await _stored() == 3


def _token(jti: str) -> Row:
    now = utc_now()
    return tokens.row(
        NewToken(jti, TokenCategory.ACCESS, jti, "cli", None, None, "", "test", now, now + HOUR)
    )


def _event(event_id: str) -> Row:
    happened = audit.event(Event.ACCESS_TOKEN_ISSUED, actor=audit.SYSTEM)
    return audit_events.row(happened._replace(id=event_id))


async def _stored_ids(model: type[Token] | type[AuditEvent]) -> set[str]:
    return {str(row.id) for row in await model.all()}


async def test_rows_of_one_request_are_stored_together_or_not_at_all(acme: Tenant) -> None:
    """Requests of one kind, and of several kinds, in one batch each; one request in it fails."""
    known, *fresh = (str(uuid7()) for _ in range(10))
    with use_tenant(acme):
        before = await _stored_ids(AuditEvent)
        await clients.create(
            ClientDraft(
                name="CLI",
                grant_types=(),
                scopes=(),
                public=True,
                client_id="cli",
            ),
        )
        await storage.append(_event(known))
        alike = [(_token(jti), _event(jti)) for jti in fresh[:4]]
        doubled = (_token(fresh[4]), _event(known))
        alone = [(_event(each),) for each in fresh[5:]]
        for batch in ([*alike, doubled], [*alone, doubled]):
            outcomes = await asyncio.gather(
                *(storage.append(*rows) for rows in batch), return_exceptions=True
            )
            assert [outcome is None for outcome in outcomes] == [True] * 4 + [False]
        assert await _stored_ids(Token) == set(fresh[:4])
        events = await _stored_ids(AuditEvent) - before
        assert events == {known, *fresh[:4], *fresh[5:]}
