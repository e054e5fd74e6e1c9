"""Tortoise on SQLite, each statement a span: the engine while traces are made."""

from typing import Any

from authgate.storage.sqlite.client import DurableSqliteClient, ImmediateTransaction
from authgate.storage.statement_spans import StatementSpans, TransactionSpans
from authgate.telemetry.tracing import Tracer


class TracedTransaction(TransactionSpans, ImmediateTransaction):
    """A transaction, of which each statement is a span."""

    system = "sqlite"


class TracedClient(StatementSpans, DurableSqliteClient):
    """The one connection, and such transactions on it."""

    system = "sqlite"
    transaction_class = TracedTransaction

    def __init__(self, *, tracer: Tracer, **credentials: Any) -> None:
        super().__init__(**credentials)
        self.tracer = tracer


client_class = TracedClient
