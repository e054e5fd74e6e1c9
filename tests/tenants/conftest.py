"""Callers of the tenants under test."""

from authgate_testing.doors import (  # noqa: F401 - fixtures
    console,
    device,
    ledger,
    native,
    password_hash,
    person,
)
