"""Which databases a test runs on; without a mark it is each of them."""

import pytest

on_sqlite = pytest.mark.parametrize("database_settings", ["sqlite"], indirect=True)
"""For what the database has no part in: the other one would only take time."""

on_postgres = pytest.mark.parametrize("database_settings", ["postgres"], indirect=True)
"""For what only a database server does."""
