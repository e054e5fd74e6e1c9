"""Tortoise on PostgreSQL, each statement a span: the engine while traces are made."""

from typing import Any

from authgate.storage.postgres.client import TenantClient, TenantTransaction
from authgate.storage.statement_spans import TransactionSpans
from authgate.telemetry.tracing import Tracer


class TracedTransaction(TransactionSpans, TenantTransaction):
    """A transaction, of which each statement is a span."""

    system = "postgresql"


class TracedClient(TenantClient):
    """The pool of such transactions."""

    transaction_class = TracedTransaction

    def __init__(self, *, tracer: Tracer, **credentials: Any) -> None:
        super().__init__(**credentials)
        self.tracer = tracer


client_class = TracedClient
