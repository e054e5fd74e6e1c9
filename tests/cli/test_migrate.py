"""``authgate migrate``: forward and back, on both databases."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from importlib import import_module
from itertools import pairwise

import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from authgate import installation, provisioning, storage
from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.settings import DatabaseSettings, Settings
from authgate.storage import database
from authgate.storage.database import sqlite_path
from authgate.storage.grants import consents
from authgate.storage.issued import tokens
from authgate.storage.metering.usage_days import UsageMark
from authgate.storage.people import users
from authgate_tenants import use_tenant
from authgate_testing import PostgresServer
from authgate_testing.command import Cli, Use
from authgate_testing.databases import on_postgres
from authgate_testing.migrations import MIGRATIONS


def test_migrations_follow_one_another_in_the_order_of_their_numbers() -> None:
    """Of two with one number some installations would have done one first, and some the other."""
    assert [int(name[:4]) for name in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    for former, name in pairwise(MIGRATIONS):
        migration = import_module(f"{database.MIGRATIONS}.{name}").Migration
        assert migration.dependencies == [(database.APP_LABEL, former)]


def test_an_up_to_date_database_is_left_alone(cli: Cli) -> None:
    ended = cli("migrate")
    assert ended.code == 0
    assert ended.err == "Nothing to do: the database is up to date.\n"


def test_it_goes_back_to_nothing_and_forward_again(acme_cli: Cli) -> None:
    assert acme_cli("migrate", "--target", "zero").code == 0
    refused = acme_cli("tenant", "list")
    assert refused.code == 6
    assert "run authgate migrate" in refused.err
    forward = acme_cli("migrate")
    assert forward.code == 0
    assert "✓ 0001_initial\n" in forward.err
    assert acme_cli("tenant", "list", "-o", "json").data == []


@on_postgres
def test_it_stops_at_the_migration_that_is_named(cli: Cli) -> None:
    assert cli("migrate", "--target", "0004_authorization").code == 0
    later = [name for name in MIGRATIONS if name > "0004_authorization"]
    assert f"lacks {len(later)} migration" in cli("tenant", "list").err
    assert cli("migrate").code == 0
    assert cli("tenant", "list").code == 0


def test_what_is_unique_on_sqlite_stays_so_on_the_way_back(
    lite_cli: Cli, sqlite_settings: DatabaseSettings
) -> None:
    path = sqlite_path(sqlite_settings)
    before = indexes(path)
    assert lite_cli("migrate", "--target", "0003_domain_claims").code == 0
    unique = [each for each in before if each[:2] == ("clients", "1")]
    assert ("clients", "1", "tenant_id client_id") in unique
    assert [each for each in indexes(path) if each[:2] == ("clients", "1")] == unique
    assert lite_cli("migrate").code == 0
    assert indexes(path) == before
    assert lite_cli("tenant", "list").code == 0


def indexes(database: str) -> list[tuple[str, ...]]:
    """Of each table, whether an index is unique, and its columns."""
    with closing(sqlite3.connect(database)) as connection:
        return sorted(connection.execute(_INDEXES).fetchall(), key=str)


_INDEXES = """
SELECT listed.name, CAST(an_index."unique" AS TEXT), (
    SELECT group_concat(name, ' ') FROM pragma_index_info(an_index.name)
) FROM sqlite_master AS listed, pragma_index_list(listed.name) AS an_index
WHERE listed.type = 'table'
"""


def test_an_unknown_migration_is_not_found(lite_cli: Cli) -> None:
    ended = lite_cli("migrate", "--target", "0099_flying")
    assert ended.code == 3
    assert ended.err == "authgate: There is no migration 0099_flying.\n"


def test_a_new_postgresql_database_gets_its_roles_and_walls(
    command: Cli, use: Use, postgres: PostgresServer, postgres_database: str
) -> None:
    use(
        DatabaseSettings(
            url=SecretStr(postgres.dsn(postgres_database, user="authgate_cli_app")),
            owner_url=SecretStr(postgres.dsn(postgres_database)),
        )
    )
    refused = command("tenant", "list")
    assert refused.code == 6
    assert refused.err.startswith("authgate: PostgreSQL refuses database.url")
    assert command("migrate").code == 0
    assert command("tenant", "create", "acme").code == 0


def test_postgresql_is_not_migrated_without_its_owner(
    command: Cli, use: Use, postgres_settings_of_own: DatabaseSettings
) -> None:
    use(DatabaseSettings(url=postgres_settings_of_own.url))
    ended = command("migrate")
    assert ended.code == 2
    assert "AUTHGATE_DATABASE__OWNER_URL" in ended.err


def test_the_roles_alone_are_made_before_a_dump_is_restored(
    command: Cli, use: Use, postgres: PostgresServer, postgres_database: str
) -> None:
    use(
        DatabaseSettings(
            url=SecretStr(postgres.dsn(postgres_database, user="authgate_early")),
            owner_url=SecretStr(postgres.dsn(postgres_database)),
        )
    )
    made = command("migrate", "--roles")
    assert (made.code, made.err) == (
        0,
        "✓ role authgate_early\n✓ role authgate_early_append\n✓ role authgate_early_sweep\n",
    )
    assert command("migrate", "--roles").code == 0
    assert f"lacks {len(MIGRATIONS)} migrations" in command("tenant", "list").err


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "SQLite has no roles."), (("--target", "zero"), "leave out --target")],
)
def test_roles_are_made_on_postgresql_and_alone(
    lite_cli: Cli, words: tuple[str, ...], said: str
) -> None:
    ended = lite_cli("migrate", "--roles", *words)
    assert ended.code == 2
    assert said in ended.err


def test_administrators_stay_and_the_earliest_who_may_sign_in_owns_the_tenant(cli: Cli) -> None:
    for slug, names in (("acme", ("ann", "bea", "kim")), ("globex", ("leo",))):
        assert cli("tenant", "create", slug).code == 0
        for name in names:
            assert cli("user", "create", "-t", slug, name, "--role", "admin").code == 0
    assert cli("user", "create", "-t", "acme", "jon", "--role", "auditor").code == 0
    assert cli("user", "set-role", "-t", "acme", "kim", "owner").code == 0
    assert cli("user", "disable", "-t", "acme", "ann").code == 0
    for target in ("0022_gone_clients", ""):
        assert cli("migrate", *(("--target", target) if target else ())).code == 0
    for slug, roles in (
        ("acme", {"ann": "admin", "bea": "owner", "kim": "admin", "jon": "user"}),
        ("globex", {"leo": "owner"}),
    ):
        listed = cli("user", "list", "-t", slug, "--json").data
        assert {each["username"]: each["role"] for each in listed} == roles
    assert asyncio.run(_marks("acme", "globex")) == [1, 1], "what they use is counted"


@on_postgres
def test_it_goes_back_past_rows_whose_client_is_gone(
    cli: Cli, use: Use, postgres: PostgresServer, database_settings: DatabaseSettings
) -> None:
    assert cli("tenant", "create", "acme").code == 0
    asyncio.run(_left_behind())
    # An owner whom row-level security holds is shown none of them, and has nothing to object to.
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    owner = SecretStr(postgres.superuser_dsn(name))
    use(database_settings.model_copy(update={"owner_url": owner}))
    for target in ("0018_unseen_clients", ""):
        assert cli("migrate", *(("--target", target) if target else ())).code == 0


async def _left_behind() -> None:
    async with installation.opened(Settings()) as parts:
        tenant = await parts.resolver.find("acme")
        assert tenant is not None
        with use_tenant(tenant):
            person = await users.create(username="ann")
            await consents.grant(person.id, "gone", ["openid"], now=utc_now())
            token = tokens.NewToken(
                jti=str(uuid7()),
                category=tokens.TokenCategory.ACCESS,
                token="opaque",
                client_id="gone",
                user_id=None,
                family_id=None,
                scope="openid",
                grant_type="client_credentials",
                created_at=utc_now(),
                expires_at=utc_now() + timedelta(hours=1),
            )
            await storage.append(tokens.row(token))


def test_tenants_that_wait_or_are_being_erased_are_suspended_on_the_way_back(cli: Cli) -> None:
    for slug in ("acme", "globex"):
        assert cli("tenant", "create", slug).code == 0
    assert cli("tenant", "delete", "globex", "--confirm", "globex").code == 0
    asyncio.run(_shred())
    assert cli("tenant", "delete", "acme", "--confirm", "acme").code == 0
    for target in ("0025_users_in_charge", ""):
        assert cli("migrate", *(("--target", target) if target else ())).code == 0
    listed = cli("tenant", "list", "--json").data
    assert {each["slug"]: each["status"] for each in listed} == dict.fromkeys(
        ("acme", "globex"), "suspended"
    )
    assert cli("tenant", "resume", "acme").code == 0
    assert cli("tenant", "delete", "globex", "--confirm", "globex").code == 0


def test_guests_are_shut_out_on_the_way_back(cli: Cli) -> None:
    assert cli("tenant", "create", "acme").code == 0
    assert cli("user", "create", "-t", "acme", "ann", "--role", "admin").code == 0
    asyncio.run(_let_in())
    for target in ("0038_logos", ""):
        assert cli("migrate", *(("--target", target) if target else ())).code == 0
    listed = cli("user", "list", "-t", "acme", "--json").data
    assert {each["username"]: each["status"] for each in listed} == {
        "ann": "active",
        "mira@operator": "disabled",
    }


async def _let_in() -> None:
    async with installation.opened(Settings()) as parts:
        tenant = await parts.resolver.find("acme")
        assert tenant is not None
        until = utc_now() + timedelta(hours=1)
        with use_tenant(tenant):
            await users.invite(
                None, username="mira@operator", name="Mira", role=UserRole.ADMIN, until=until
            )


async def _shred() -> None:
    later = utc_now() + timedelta(days=31)
    async with installation.opened(Settings(), clock=lambda: later) as parts:
        await provisioning.erase_due_tenants(parts)


async def _marks(*slugs: str) -> list[int]:
    found = []
    async with installation.opened(Settings()) as parts:
        for slug in slugs:
            tenant = await parts.resolver.find(slug)
            assert tenant is not None
            with use_tenant(tenant):
                found.append(await UsageMark.all().count())
    return found
