"""A tenant is made of the database of AuthGate (Go), and people and programs go on as before."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from authgate import portable, provisioning
from authgate.audit import SYSTEM
from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.portable import Taken
from authgate.settings import Settings
from authgate.storage.clients import clients
from authgate.storage.clients.rows import ClientRow
from authgate.storage.grants.consents import Consent
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.people.users import UserRow
from authgate.storage.portable import former_database
from authgate.storage.portable.former_database import FormerDatabase, NotAuthGate
from authgate.storage.sign_in.connections import ConnectionRow
from authgate.storage.sign_in.external_identities import ExternalIdentityRow
from authgate_tenants import use_tenant
from authgate_tenants.lifecycle import SlugTaken, all_tenants
from authgate_testing import PostgresServer, former
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.lived import opened
from authgate_testing.person import Person

NEW = "5f37fbe1-6c5b-4bec-a8c2-f08114368009"


@pytest.fixture
async def place(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> str:
    """The former database, of the other kind than ours."""
    if not settings.database.is_sqlite:
        return former.on_sqlite(tmp_path / "oauth.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return await former.on_postgres(server.create_database(f"former_{uuid4().hex}"))


def opening(place: str) -> AbstractAsyncContextManager[FormerDatabase]:
    """The former database, to be read."""
    if place.startswith("postgres:"):
        return former_database.on_postgres(place)
    return former_database.on_sqlite(Path(place))


async def took(parts: Installation, place: str, *, dry_run: bool = False) -> Taken:
    async with opening(place) as database:
        return await portable.take_over(
            parts, database, slug="main", name="Main", actor=SYSTEM, dry_run=dry_run
        )


@pytest.fixture
async def nothing_changed(place: str) -> AsyncIterator[None]:
    """The former database is read only: it is what it was."""
    yield
    if not place.startswith("postgres:"):
        assert not list(Path(place).parent.glob("oauth.db-*"))


async def test_logins_secrets_consents_and_refresh_tokens_of_authgate_go_on(
    settings: Settings, place: str, nothing_changed: None
) -> None:
    async with opened(settings) as (parts, http):
        would = await took(parts, place, dry_run=True)
        assert [each async for each in all_tenants()] == []
        taken = await took(parts, place)
        assert (taken.added, taken.left_out) == (would.added, would.left_out)
        main = await parts.resolver.find("main")
        assert main is not None

        for _ in range(2):  # by bcrypt, and then by what it was replaced with
            person = Person(http)
            page = await person.sign_in(main.issuer, "bob@acme.example", former.PASSWORD)
            assert page.url.path.endswith("/account/sessions"), page.text
            http.cookies.clear()
        refused = await Person(http).sign_in(main.issuer, "ada", "lace-of-1816")
        assert refused.status_code == 400
        http.cookies.clear()

        token = f"{main.issuer}/oauth/token"
        for secret, status in (("wrong", 401), (former.SECRET, 200), (former.SECRET, 200)):
            form = {"client_id": former.MACHINE, "client_secret": secret}
            answer = await http.post(token, data={"grant_type": "client_credentials", **form})
            assert answer.status_code == status, answer.text
        refreshing = {
            "grant_type": "refresh_token", "refresh_token": former.REFRESH_TOKEN,
            "client_id": former.CONSOLE, "client_secret": former.SECRET,
        }  # fmt: skip
        answer = await http.post(token, data=refreshing)
        assert answer.status_code == 200, answer.text

        with use_tenant(main):
            people = {str(each.id): each for each in await UserRow.all()}
            roles = [people[each].role for each in (former.ADA, former.BOB, former.EVE)]
            assert roles == [UserRole.OWNER, UserRole.USER, UserRole.ADMIN]
            hashes = [people[each].password_hash or "" for each in (former.ADA, former.BOB)]
            assert [each.partition("$")[2].partition("$")[0] for each in hashes] == [
                "2b", "argon2id",
            ]  # fmt: skip
            kept = {each.client_id: len(each.secret_hash or b"") for each in await ClientRow.all()}
            assert kept == {former.MACHINE: 32, former.CONSOLE: 32, former.CLI: 0}
            cli = await clients.find(former.CLI)
            assert cli is not None
            assert (cli.is_public, cli.metadata.token_profile) == (True, "long")
            [consent] = await Consent.all()
            assert consent.scopes == ["openid", "email"]


async def test_what_stays_behind_is_told_with_its_reason(settings: Settings, place: str) -> None:
    async with opened(settings) as (parts, _):
        taken = await took(parts, place)
    assert dict(taken.added) == {
        "users": 3, "clients": 3, "consents": 1, "refresh_tokens": 1, "external_identities": 0,
    }  # fmt: skip
    assert {table: dict(why) for table, why in taken.left_out.items()} == {
        "users": {"an id that is no UUID": 1, "another person has this name": 1},
        "access_tokens": {
            "access tokens are signed by the former key: clients refresh them": 1,
            "ended, or paused": 1,
            "its person or client is not here": 1,
        },
        "oauth_connections": {"set up the connection github, and run this once more": 1},
        "audit_logs": {"keep an export of the former log": 1},
    }
    told = "\n".join(taken.notes)
    assert "users eve: came without the address" in told
    assert "http://intranet/callback works on" in told


@on_sqlite
async def test_a_second_run_adds_what_has_come_since_and_changes_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    place = former.on_sqlite(tmp_path / "oauth.db")
    async with opened(settings) as (parts, _):
        await took(parts, place)
        main = await parts.resolver.find("main")
        assert main is not None
        with use_tenant(main):
            await UserRow.filter(id=former.BOB).update(name="Robert", role=UserRole.AUDITOR)
            github = await ConnectionRow.create(
                slug="github", connector="github", label="GitHub", config={}, sealed_secrets=b""
            )
        before = await Ledger().rows(main)
        again = await took(parts, place)
        after = await Ledger().rows(main)
        assert +again.added == {"external_identities": 1}
        with use_tenant(main):
            [linked] = await ExternalIdentityRow.all()
        assert (linked.connection_id, linked.issuer) == (github.id, "https://github.com")
        assert linked.user_id == UUID(former.ADA)
        changed = {table for table in before if before[table] != after[table]}
        assert changed == {"external_identities", "audit_events"}


@on_sqlite
async def test_what_was_deleted_here_stays_gone_and_what_is_new_there_comes(
    settings: Settings, tmp_path: Path
) -> None:
    place = former.on_sqlite(tmp_path / "oauth.db")
    async with opened(settings) as (parts, _):
        await took(parts, place)
        main = await parts.resolver.find("main")
        assert main is not None
        with use_tenant(main):
            await ConnectionRow.create(
                slug="github", connector="github", label="GitHub", config={}, sealed_secrets=b""
            )
            linked = await took(parts, place)
            assert +linked.added == {"external_identities": 1}
            gone = (ExternalIdentityRow, RefreshToken, Consent, ClientRow)
            for model in gone:
                await model.all().delete()
            await UserRow.filter(id=former.EVE).delete()
            again = await took(parts, place)
            assert +again.added == {}
            reason = "was there at an earlier run and is not here: deleted here, or left out then"
            counts = {table: why.get(reason) for table, why in again.left_out.items()}
            assert counts == {
                "users": 2, "oauth_applications": 3, "user_authorizations": 1, "access_tokens": 2,
                "oauth_connections": 1, "audit_logs": None,
            }  # fmt: skip
            assert f"oauth_applications {former.CLI}: {reason}" in again.notes

            # Somebody new there takes a name that has become free here.
            former.add(place, "users", id=NEW, username="eve", email="new@acme.example")
            former.add(place, "oauth_applications", id=9, client_id="new", user_id=NEW)
            assert +(await took(parts, place)).added == {"users": 1, "clients": 1}
            assert [each.client_id for each in await ClientRow.all()] == ["new"]
            assert await UserRow.exists(id=NEW)


@on_sqlite
async def test_what_people_have_allowed_and_linked_here_meanwhile_is_not_in_the_way(
    settings: Settings, tmp_path: Path
) -> None:
    place = former.on_sqlite(tmp_path / "oauth.db")
    async with opened(settings) as (parts, _):
        await took(parts, place)
        main = await parts.resolver.find("main")
        assert main is not None
        with use_tenant(main):
            github = await ConnectionRow.create(
                slug="github", connector="github", label="GitHub", config={}, sealed_secrets=b""
            )
            now = parts.clock()
            here = await ExternalIdentityRow.create(
                connection_id=github.id, issuer="https://github.com", subject="4711",
                user_id=former.BOB, username="ada", created_at=now, last_used_at=now,
            )  # fmt: skip
            allowed = await Consent.create(
                user_id=former.BOB, client_id=former.CLI, scopes=["openid"], granted_at=now,
                updated_at=now,
            )  # fmt: skip
            former.add(
                place, "user_authorizations", id=2, uuid=NEW, client_id=former.CLI,
                granted_at=now.isoformat(" "),
            )  # fmt: skip
            again = await took(parts, place)
            assert +again.added == {}
            assert [each.id for each in await ExternalIdentityRow.all()] == [here.id]
            assert allowed.id in {each.id for each in await Consent.all()}
            why = "the same is here already"
            assert again.left_out["oauth_connections"][why] == 1
            assert again.left_out["user_authorizations"][why] == 1


@on_sqlite
async def test_it_joins_no_tenant_of_another_origin_and_takes_no_other_database(
    settings: Settings, tmp_path: Path
) -> None:
    place = former.on_sqlite(tmp_path / "oauth.db")
    async with opened(settings) as (parts, _):
        theirs = await provisioning.add_tenant(parts, slug="main", name="Main")
        before = await Ledger().rows(theirs)
        with pytest.raises(SlugTaken):
            await took(parts, place)
        assert await Ledger().rows(theirs) == before
        with pytest.raises(NotAuthGate, match="users lacks"):
            await took(parts, settings.database.url.get_secret_value().removeprefix("sqlite://"))
        (tmp_path / "text").write_text("no database at all, but long enough to be looked at" * 20)
        with pytest.raises(NotAuthGate, match="no database"):
            await took(parts, str(tmp_path / "text"))
