"""Which errors say that the database is away, and which that we are wrong."""

import errno
import socket
import sqlite3
import struct
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import (
    DoesNotExist,
    IntegrityError,
    OperationalError,
    TransactionManagementError,
)

from authgate.settings import DatabaseSettings
from authgate.storage import StorageUnavailable, is_outage
from authgate.storage.database import dsn


def _sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("told by SQLite")
    error.sqlite_errorcode = code
    return error


def _caused_by(cause: Exception) -> OperationalError:
    error = OperationalError("words alone")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        StorageUnavailable(),
        TimeoutError(),
        ConnectionRefusedError(),
        socket.gaierror(-2, "Name or service not known"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1, 0, 0), ..."),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InterfaceError("pool is closing"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.OutOfMemoryError("out of memory"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.SerializationError("could not serialize access"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"),
        asyncpg.LockNotAvailableError("could not obtain lock"),
        TransactionManagementError(asyncpg.ReadOnlySQLTransactionError("read-only")),
        OperationalError(asyncpg.DiskFullError("could not extend file")),
        _caused_by(asyncpg.AdminShutdownError("terminating connection")),
        OperationalError(OperationalError(_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT))),
        _sqlite(sqlite3.SQLITE_BUSY),
        _sqlite(sqlite3.SQLITE_FULL),
        _sqlite(sqlite3.SQLITE_IOERR_WRITE),
    ],
    ids=repr,
)
def test_the_database_is_away(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        PermissionError(errno.EACCES, "Permission denied"),
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
        asyncpg.InternalClientError(
            "cannot switch to state 15; another operation (12) is in progress"
        ),
        asyncpg.InterfaceError(
            "cannot call Connection.fetch(): connection has been released back to the pool"
        ),
        asyncpg.UndefinedColumnError("column disk_full does not exist"),
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.InFailedSQLTransactionError("current transaction is aborted"),
        asyncpg.InsufficientPrivilegeError("permission denied"),
        TransactionManagementError("Transaction already finalised"),
        OperationalError(asyncpg.InsufficientPrivilegeError("permission denied")),
        IntegrityError(asyncpg.UniqueViolationError("duplicate key")),
        DoesNotExist("TenantRow"),
        sqlite3.OperationalError("no such column: disk_full_or_locked"),
        _sqlite(sqlite3.SQLITE_ERROR),
    ],
    ids=repr,
)
def test_we_are_wrong(error: Exception) -> None:
    assert not is_outage(error)


async def test_a_connection_that_has_been_told_of_its_end_is_away(
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    """The server's last word has come, and not yet the end of the line."""
    connection = await asyncpg.connect(dsn(postgres_settings_of_own.url.get_secret_value()))
    said = b"SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    protocol: Any = connection._protocol  # type: ignore[attr-defined]  # what it hears by
    protocol.data_received(b"E" + struct.pack(">i", 4 + len(said)) + said)
    with pytest.raises(asyncpg.InternalClientError) as failed:
        await connection.execute("BEGIN")
    connection.terminate()
    assert is_outage(failed.value)
