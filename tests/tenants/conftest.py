"""Callers of the tenants under test."""

from authgate_testing.doors import (  # noqa: F401 - fixtures
    console,
    device,
    ledger,
    password_hash,
    person,
)
