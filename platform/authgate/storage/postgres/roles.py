"""The roles that log in to PostgreSQL: one serves, one appends, one sweeps.

What each may see and do is ``row_security``'s.
"""

from dataclasses import dataclass, replace

import asyncpg

from authgate.settings import DatabaseSettings
from authgate.storage import database


class RoleMissing(RuntimeError):
    """A database role does not exist and the owner may not make it."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that logs in."""

    name: str
    password: str
    plans: str = "force_custom_plan"
    """A plan made for an empty or skewed table would be kept; a fresh one costs little."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The three roles of an installation."""

    app: Role
    append: Role
    sweep: Role

    @classmethod
    def of(cls, settings: DatabaseSettings) -> "Roles":
        """As the settings' URLs name them."""
        urls = (
            settings.url.get_secret_value(),
            database.append_url(settings),
            database.sweep_url(settings),
        )
        app, append, sweep = (Role(*database.role_of(url)) for url in urls)
        # To add a row there is one plan, whatever is in the table.
        return cls(app, replace(append, plans="force_generic_plan"), sweep)

    def each(self) -> tuple[Role, ...]:
        """All of them."""
        return self.app, self.append, self.sweep

    async def make(self, owner: asyncpg.Connection, *, statement_seconds: float) -> None:
        """Make those that are missing, and set up each. Raises ``RoleMissing``."""
        for role in self.each():
            await _make(owner, role, statement_seconds)


async def _make(owner: asyncpg.Connection, role: Role, statement_seconds: float) -> None:
    name = await owner.fetchval("SELECT quote_ident($1)", role.name)
    password = await owner.fetchval("SELECT quote_literal($1)", role.password)
    try:
        if not await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role.name):
            await owner.execute(
                f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
                f" NOINHERIT PASSWORD {password}"
            )
        for setting in (
            f"plan_cache_mode = {role.plans}",
            f"statement_timeout = '{int(statement_seconds * 1000)}ms'",
            "idle_in_transaction_session_timeout = '10s'",
        ):
            await owner.execute(f"ALTER ROLE {name} SET {setting}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise RoleMissing(
            f"The owner may not make or set up the role {name}. As a superuser, run: "
            f"CREATE ROLE {name} LOGIN NOINHERIT PASSWORD '…'; or give the owner CREATEROLE."
        ) from error
