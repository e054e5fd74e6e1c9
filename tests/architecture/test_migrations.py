"""Migrations run while servers of the version before issue tokens: none keeps those waiting."""

import inspect
import re
from importlib import import_module

import pytest
from tortoise.fields import Field
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import AddConstraint, AddField, AddIndex

from authgate.storage import database
from authgate.storage.migration_steps import AddColumn, IndexesMadeMeanwhile
from authgate_testing.migrations import MIGRATIONS

_GROWING = {
    "AuditEvent": "audit_events",
    "Token": "tokens",
    "DeviceCode": "device_codes",
    "RefreshToken": "refresh_tokens",
}
"""What grows with every token: a plain index of it takes minutes."""

_PLAIN = re.compile(rf"\bINDEX\s(?!CONCURRENTLY).*\bON ({'|'.join(_GROWING.values())})\b")
_FIRST = "0069"


@pytest.mark.parametrize("name", [each for each in MIGRATIONS if each >= _FIRST])
def test_an_index_of_what_grows_with_every_token_is_made_while_others_write(name: str) -> None:
    module = import_module(f"{database.MIGRATIONS}.{name}")
    migration: type[Migration] = module.Migration
    assert not _PLAIN.search(inspect.getsource(module))
    for step in migration.operations:
        if isinstance(step, AddIndex | AddConstraint):
            assert step.model_name not in _GROWING
        if isinstance(step, AddField):
            assert isinstance(step, AddColumn)
            assert isinstance(step.field, Field)
            assert (step.field.index, step.field.unique) == (False, False)
        if isinstance(step, IndexesMadeMeanwhile):
            assert not migration.atomic
    if not migration.atomic:  # whatever is broken off is done again
        assert {type(step) for step in migration.operations} == {IndexesMadeMeanwhile}


def test_the_search_for_plain_indexes_finds_one() -> None:
    assert _PLAIN.search('"CREATE INDEX audit_events_{name} ON audit_events {what}"')
    assert not _PLAIN.search("CREATE INDEX CONCURRENTLY audit_events_ip ON audit_events (ip)")
