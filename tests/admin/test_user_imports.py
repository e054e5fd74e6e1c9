"""People who come by a file: what the file may be, what comes of each line, and who may send it."""

import asyncio
import codecs
import contextvars
from typing import Any
from uuid import UUID

import bcrypt
import pytest

from authgate import background, storage
from authgate.accounts.passwords import Passwords
from authgate.audit import Event
from authgate.jobs import ImportUsers, Result
from authgate.permissions import UserRole
from authgate.provisioning import import_lines, people_files, user_imports
from authgate.provisioning.people_files import UnfitFile
from authgate.storage.people import users
from authgate.storage.people.user_imports import UserImportLine
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, administering, api_client, is_problem
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import somebody_waits
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

_BCRYPT = bcrypt.hashpw(b"known-horse-battery-staple", bcrypt.gensalt(4)).decode()


async def sent(
    server: RunningServer, api: ApiClient, text: str, *, dry_run: bool = True
) -> dict[str, Any]:
    """What came of a file, line by line."""
    people = people_files.read(text.encode())
    made = await api.post("/user-imports", {"columns": list(people.columns)})
    assert made.status_code == 201, made.text
    here = f"/user-imports/{made.json()['id']}"
    lines = [{"number": number, "cells": cells} for number, cells in people.lines]
    assert (await api.post(f"{here}/lines", {"lines": lines})).status_code == 200
    return await gone_through(server, api, here, dry_run=dry_run)


async def gone_through(
    server: RunningServer, api: ApiClient, here: str, *, dry_run: bool
) -> dict[str, Any]:
    started = await api.post(f"{here}/start", {"dry_run": dry_run})
    assert started.status_code == 200, started.text
    tenant = await server.parts.resolver.find(api.tenant.slug)
    assert tenant is not None
    with use_tenant(tenant):
        await user_imports.work(server.parts, UUID(started.json()["id"]))
    told: dict[str, Any] = (await api.get(here)).json()
    assert told["state"] == "done"
    listed = (await api.get(f"{here}/lines?limit=100")).json()["items"]
    return told | {"here": here, "items": {each["number"]: each for each in listed}}


def outcomes(told: dict[str, Any]) -> list[str]:
    return [each["outcome"] for each in told["items"].values()]


FILE = """\
username,email,name,active,role
jon,jon@acme.example,Jon Dahl,,
carol,carol@acme.example,Carol Liddell,no,
alice,,,,

k m,,,,
lea,nowhere,,,
jon,other@acme.example,,,
mo,mo@acme.example,,,king
al,alice@acme.example,,perhaps,
"""


async def test_a_file_is_tried_then_done_and_sent_again_changes_nothing(
    server: RunningServer, api: ApiClient, acme: Tenant, alice: User, carol: User, ledger: Ledger
) -> None:
    before = await ledger.rows(acme)
    tried = await sent(server, api, FILE)
    assert outcomes(tried) == ["created", "changed", "changed"] + ["refused"] * 5
    after = await ledger.rows(acme)
    assert after["users"] == before["users"], "for trial nothing stays"
    assert after["audit_events"] == before["audit_events"]
    assert {number: each["fault"] for number, each in tried["items"].items() if each["fault"]} == {
        6: "A name is of letters and digits in one direction, without blanks or symbols.",
        7: "This is no address such as mira@example.com.",
        8: "Line 2 has the same username or email.",
        9: "role is one of owner, admin, client_manager, auditor, user.",
        10: "active is true or false.",
    }
    done = await gone_through(server, api, tried["here"], dry_run=False)
    assert outcomes(done) == outcomes(tried), "as it was told"
    assert (done["created"], done["changed"], done["unchanged"], done["refused"]) == (1, 2, 0, 5)
    assert is_problem(await api.post(f"{tried['here']}/start", {"dry_run": False}), 409, "conflict")
    with use_tenant(acme):
        jon, her = await users.find_by_login("jon"), await users.find(carol.id)
        named = await users.find(alice.id)
    assert jon is not None
    assert (jon.name, jon.email_verified) == ("Jon Dahl", False)
    assert her is not None
    assert not her.is_active
    assert named is not None
    assert (named.name, named.email) == ("", None)
    [event] = await ledger.events(acme, Event.USER_CREATED)
    assert event.resource_id == str(jon.id)
    assert len(await ledger.events(acme, Event.USER_DISABLED)) == 1
    told = [each.details for each in await ledger.events(acme, Event.USERS_IMPORTED)]
    assert told == [{"lines": 8}, {"created": 1, "changed": 2, "unchanged": 0, "refused": 5}]
    again = await sent(server, api, FILE, dry_run=False)
    assert outcomes(again)[:3] == ["unchanged"] * 3


async def test_a_file_is_gone_on_with_where_somebody_was_killed(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    ledger: Ledger,
) -> None:
    asked_for: list[str] = []

    async def nobody_comes(import_id: UUID) -> None:
        asked_for.append(str(import_id))

    monkeypatch.setattr(user_imports, "MOST_AT_ONCE", 10)
    monkeypatch.setattr(user_imports, "_hint", nobody_comes)
    people = [f"p{number:02}" for number in range(25)]
    told = await sent(server, api, "username\n" + "\n".join(people))
    go_through, seen = import_lines.gone_through, 0

    async def killed(*arguments: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == 15:
            raise asyncio.CancelledError
        return await go_through(*arguments)

    here = told["here"]
    with monkeypatch.context() as patched:
        patched.setattr(import_lines, "gone_through", killed)
        started = await api.post(f"{here}/start", {"dry_run": False})
        with use_tenant(acme), pytest.raises(asyncio.CancelledError):
            await user_imports.work(server.parts, UUID(started.json()["id"]))
    half = (await api.get(here)).json()
    assert (half["state"], half["created"]) == ("working", 10), "whole batches, and no line more"
    asked_for.clear()
    jobs = background.performer(server.parts)
    for seconds, found in ((0, []), (30, [half["id"]])):
        server.clock.advance(seconds)
        assert await jobs.perform(ImportUsers(), tenant_id=None) is Result.DONE
        assert asked_for == found, "whoever looks after them finds what nobody goes on with"
    with use_tenant(acme):
        assert await UserRow.filter(username__startswith="p").count() == 10
        works = [user_imports.work(server.parts, UUID(half["id"])) for _ in range(2)]
        await asyncio.gather(*works)
    assert (await api.get(here)).json()["created"] == 25
    assert len(await ledger.events(acme, Event.USER_CREATED)) == 25, "each of them once"


@on_sqlite
async def test_ex_08_a_file_gives_nobody_more_than_who_sends_it_and_no_known_password(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    alice: User,
    carol: User,
    passwords: Passwords,
    ledger: Ledger,
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.OWNER)
    known = await passwords.hash("known-horse-battery-staple")
    dear = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21l$" + "A" * 43
    told = await sent(
        server,
        api,
        "username,role,active,password_hash\n"
        f'alice,,,"{known}"\n'
        "carol,user,,\n"
        "carol2,owner,,\n"
        f'jon,auditor,,"{known}"\n'
        f'kim,,,"{dear}"\n'
        f"lea,,,{_BCRYPT}\n"
        "mo,,,plain\n",
        dry_run=False,
    )
    assert outcomes(told) == ["unchanged", "refused", "refused", "created"] + ["refused"] * 3
    faults = [each["fault"] for each in told["items"].values()]
    assert "more than yours" in faults[1]
    assert "more than yours" in faults[2]
    assert "costs too much" in faults[4]
    assert "bcrypt_passwords has to be on" in faults[5]
    for username, password, path in (
        ("alice", "known-horse-battery-staple", "/login"),
        ("alice", PASSWORD, "/account/sessions"),
        ("jon", "known-horse-battery-staple", "/account/sessions"),
    ):
        page = await Person(server.browser()).sign_in(acme.issuer, username, password)
        assert page.url.path.endswith(path), username
    with use_tenant(acme):
        assert all("password_hash" not in each.cells for each in await UserImportLine.all())
    assert known not in str(await ledger.rows(acme)).replace(str(await hash_of(acme, "jon")), "")
    by_other = await api_client(server, acme, "authgate:users:write")
    for column in ("role", "groups"):
        refused = await by_other.post("/user-imports", {"columns": ["username", column]})
        assert is_problem(refused, 403, "insufficient-scope")
    for columns in (["username", "tenant_id"], ["email"], ["username", "username"]):
        assert is_problem(await api.post("/user-imports", {"columns": columns}), 422, "invalid")


async def hash_of(tenant: Tenant, username: str) -> str | None:
    with use_tenant(tenant):
        person = await users.find_by_login(username)
    return person.password_hash if person else None


@on_postgres
async def test_a_file_and_whoever_changes_several_wait_for_each_other_in_one_order(
    server: RunningServer,
    postgres: PostgresServer,
    api: ApiClient,
    acme: Tenant,
    alice: User,
    carol: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nobody_comes(_: UUID) -> None: ...

    monkeypatch.setattr(user_imports, "_hint", nobody_comes)
    assert alice.id < carol.id
    tried = await sent(server, api, "username,name\ncarol,Caz\nalice,Al\n")
    started = await api.post(f"{tried['here']}/start", {"dry_run": False})
    with use_tenant(acme):
        apart = contextvars.copy_context()
        async with storage.transaction():
            await users.held(alice.id)
            work = user_imports.work(server.parts, UUID(started.json()["id"]))
            task = asyncio.create_task(work, context=apart)
            async with asyncio.timeout(10):
                await somebody_waits(postgres)
            await users.held(carol.id)
        await task
    assert (await api.get(tried["here"])).json()["changed"] == 2


@on_sqlite
async def test_ex_08_only_whoever_began_a_file_adds_to_it_or_has_it_done(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    alice: User,
    carol: User,
    person: Person,
    colleague: Person,
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
        await UserRow.filter(id=carol.id).update(role=UserRole.OWNER)
    application = await administering(server, acme, *EVERYTHING)
    by_alice, by_carol = [
        ApiClient(
            server.http, acme, (await application.signed_in(each, scope=scope))["access_token"]
        )
        for each, scope in ((person, " ".join(EVERYTHING)), (colleague, " ".join(EVERYTHING)))
    ]
    mallory = {"lines": [{"number": 2, "cells": {"username": "mallory", "role": "owner"}}]}
    made = await by_alice.post("/user-imports", {"columns": ["username", "role"]})
    here = f"/user-imports/{made.json()['id']}"
    for other in (by_carol, api):
        assert is_problem(await other.post(f"{here}/lines", mallory), 409, "conflict")
        assert is_problem(await other.post(f"{here}/start", {"dry_run": False}), 409, "conflict")
    assert (await by_carol.get(here)).json()["lines"] == 0
    assert (await by_alice.post(f"{here}/lines", mallory)).status_code == 200
    tried = await gone_through(server, by_alice, here, dry_run=True)
    assert outcomes(tried) == ["refused"]
    meant = await by_carol.post(f"{here}/start", {"dry_run": False})
    assert is_problem(meant, 409, "conflict"), "what an administrator sent is no owner's"
    weaker = await application.signed_in(person, scope="authgate:users:write authgate:users:read")
    weak = ApiClient(server.http, acme, weaker["access_token"])
    assert is_problem(await weak.post(f"{here}/lines", mallory), 403, "insufficient-scope")
    server.clock.advance(16 * 60)
    late = await by_alice.post(f"{here}/start", {"dry_run": False})
    assert is_problem(late, 401, "recent-sign-in-required")
    assert outcomes(await gone_through(server, by_alice, here, dry_run=True)) == ["refused"]


@on_sqlite
async def test_groups_are_joined_and_bcrypt_is_taken_where_the_tenant_says_so(
    server: RunningServer, api: ApiClient, acme: Tenant, alice: User
) -> None:
    settings = TenantSettings(bcrypt_passwords=True)
    await change(server, acme, settings=settings.to_json())
    assert (await api.post("/groups", {"display_name": "Staff"})).status_code == 201
    file = f"username;groups;external_id;password_hash\nalice;staff;x-1;\njon;Staff|No;;{_BCRYPT}\n"
    told = await sent(server, api, file + f"kim;STAFF;;{_BCRYPT}\n", dry_run=False)
    assert outcomes(told) == ["changed", "refused", "created"], told["items"]
    assert told["items"][3]["fault"] == "There is no group No."
    again = await sent(server, api, file)
    assert outcomes(again)[0] == "unchanged"
    [group] = (await api.get(f"/users/{alice.id}/groups")).json()["items"]
    assert group["members"] == 2


@on_sqlite
async def test_hashes_of_a_fourth_cost_are_refused(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    def costing(memory: int) -> str:
        return f"$argon2id$v=19$m={memory},t=2,p=1$c29tZXNhbHRzb21l$" + "A" * 43

    file = "username,password_hash\n"
    file += "".join(f'user{each},"{costing(each)}"\n' for each in (64, 64, 65, 66, 67, 19456, 66))
    file = file.replace("user64,", "twin,", 1).replace("user66,", "again,", 1)
    told = await sent(server, api, file, dry_run=False)
    assert outcomes(told) == ["created"] * 4 + ["refused"] + ["created"] * 2, told["items"]
    assert "3 other costs already" in told["items"][6]["fault"]


@on_sqlite
async def test_ti_01_another_tenants_file_is_as_unknown_as_none(
    server: RunningServer, api: ApiClient, foreign_api: ApiClient, acme: Tenant
) -> None:
    told = await sent(server, api, "username\njon\n")
    line = {"lines": [{"number": 9, "cells": {"username": "eve"}}]}
    assert is_problem(await api.post(f"{told['here']}/lines", line), 409, "conflict")
    for path in (told["here"], f"{told['here']}/lines"):
        assert is_problem(await foreign_api.get(path), 404, "not-found"), path
    assert is_problem(await foreign_api.post(f"{told['here']}/lines", line), 404, "not-found")
    started = await foreign_api.post(f"{told['here']}/start", {"dry_run": False})
    assert is_problem(started, 404, "not-found")
    assert (await foreign_api.get("/user-imports")).json()["items"] == []


def test_files_are_read_as_spreadsheets_write_them() -> None:
    text = 'Username,E-Mail,Full Name\r\njon,jon@acme.example,"Dahl, ""Jon""\r\nsenior"\r\n'
    [line] = people_files.read(text.encode()).lines
    assert line == (
        2,
        {"username": "jon", "email": "jon@acme.example", "name": 'Dahl, "Jon"\r\nsenior'},
    )
    for content in (
        codecs.BOM_UTF8 + "username;name\nmira;Mïra".encode(),
        "username\tname\nmira\tMïra\n\n".encode("utf-16"),
        "username|name\nmira|Mïra".encode(),
    ):
        assert people_files.read(content).lines == [(2, {"username": "mira", "name": "Mïra"})]
    for wrong, said in (
        (b"", "Line 1: The column username is missing."),
        (b"username\n", "no line below"),
        (b"username,shoe_size\njon,9", "There is no column shoe_size"),
        (b"username,username\njon,jon", "twice"),
        (b"username,name\njon,Jon\nkim\n", "Line 3 has 1 values"),
        ("username,name\njon,Mïra".encode("latin-1"), "Line 2 is not UTF-8"),
        (b"username\njon\n\0", "Line 3 holds a NUL"),
        (b'username\n"jon', "Line 2 cannot be read"),
        (b'username\n"jo"n', "Line 2 cannot be read"),
        (b"username\n" + b"x" * 5000, "Line 2 cannot be read"),
        (b"\x89PNG\r\n\x1a\n\xff", "not UTF-8"),
        (b"x" * (people_files.LARGEST + 1), "at most 32 MiB"),
    ):
        with pytest.raises(UnfitFile, match=said):
            people_files.read(wrong)
