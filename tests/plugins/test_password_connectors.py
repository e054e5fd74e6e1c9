"""Signing in with a password that another place keeps: by the tenant's own form, or by the form of
that place.

A pretend service on this machine checks them; what it is asked is what it is told of passwords.
"""

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from authgate import provisioning, storage
from authgate.accounts.connection_fitness import UnfitRules
from authgate.accounts.connection_setup import ConnectionSetup
from authgate.accounts.passwords import Passwords
from authgate.permissions import UserRole
from authgate.plugin_api import PasswordAttempt, Secret
from authgate.plugin_manager import (
    ConnectorTypes,
    GuardedHttp,
    Isolation,
    LoginConnectors,
    OpenConnection,
    PluginCall,
    PluginFailed,
    load,
)
from authgate.pretend.directory import PretendDirectory
from authgate.pretend.host import Host
from authgate.provisioning.users import open_account
from authgate.settings import EgressSettings, Settings
from authgate.storage.audit import audit_events
from authgate.storage.people import users
from authgate.storage.sign_in import connections, external_identities, login_failures
from authgate.storage.sign_in.connection_rules import ConnectionRules, Newcomers
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import PASSWORD, Person
from authgate_testing.server import RunningServer

THERE = "never-kept-here-0123456789"
"""A password at the directory."""


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
def directory(host: Host) -> PretendDirectory:
    host.site = made = PretendDirectory(host=host.name, password=THERE)
    return made


def asked_of(host: Host) -> list[tuple[str, str]]:
    """The names and passwords that the directory was sent."""
    said = [json.loads(each.body) for each in host.asked]
    return [(each["username"], each["password"]) for each in said]


Connect = Callable[..., Awaitable[Tenant]]


@pytest.fixture
def connect(server: RunningServer, directory: PretendDirectory) -> Connect:
    """Makes a tenant whose sign-in form asks the directory."""

    async def made(
        slug: str = "acme",
        *,
        rules: ConnectionRules = ConnectionRules(sign_in_form=True),  # noqa: B008
        **chosen: Any,
    ) -> Tenant:
        settings = TenantSettings(enabled_plugins=("http-api",), auto_register=True)
        tenant = await provisioning.add_tenant(
            server.parts, slug=slug, name=slug.title(), settings=settings.changed(chosen)
        )
        with use_tenant(tenant):
            await setup(server).add(
                slug="staff",
                connector="http-api",
                label="Staff directory",
                config={
                    "url": f"https://{directory.host}/check",
                    "auth_mode": "hmac",
                    "secret": directory.secret,
                },
                rules=rules,
            )
        return tenant

    return made


def setup(server: RunningServer) -> ConnectionSetup:
    return ConnectionSetup(connectors=ConnectorTypes(load()), encryption=server.parts.encryption)


async def add_local(tenant: Tenant, name: str, **more: Any) -> None:
    passwords = Passwords(threads=1)
    with use_tenant(tenant):
        await provisioning.add_user(passwords, username=name, password=PASSWORD, **more)
    passwords.close()


async def signs_in(
    server: RunningServer, tenant: Tenant, name: str, password: str, *, path: str = "/login"
) -> tuple[int, str, bool]:
    """Status and text of what comes of it, and whether somebody is signed in."""
    person = Person(server.browser())
    await person.visit(f"{tenant.issuer}{path}")
    done = await person.submit({"username": name, "password": password}, to="", follow=False)
    there = await person.http.get(f"{tenant.issuer}/account/sessions")
    return done.status_code, told(done.text), there.status_code == 200


def told(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


FORM = "/login/staff/password"


@on_sqlite
async def test_who_has_a_password_there_signs_in_at_the_form_and_is_the_same_person_next_time(
    server: RunningServer, connect: Connect, directory: PretendDirectory
) -> None:
    acme = await connect()
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "pat", THERE)
    page = await person.visit(f"{acme.issuer}/account/password")
    assert "kept elsewhere, and is changed there: Staff directory" in told(page.text)
    directory.rename("renamed", "pat@elsewhere.example", verified=True)
    assert (await signs_in(server, acme, "PAT ", THERE))[2]
    assert (await signs_in(server, acme, "pat", THERE, path=FORM))[2]
    with use_tenant(acme):
        [user] = await users.all_users()
        events = await audit_events.latest(limit=50)
    assert (user.username, user.email, user.password_hash) == ("pat", "pat@people.example", None)
    assert THERE not in str([vars(each) for each in events])
    assert {"USER_CREATED", "OAUTH_AUTHENTICATION"} <= {each.event_type for each in events}


@on_sqlite
async def test_a_password_of_the_tenant_s_own_goes_to_no_directory(
    server: RunningServer, connect: Connect, host: Host
) -> None:
    acme = await connect()
    await add_local(acme, "pat", email="pat@people.example")
    assert (await signs_in(server, acme, "pat", PASSWORD))[2]
    # Not theirs elsewhere either: the name is the local one's, whoever has it there.
    assert not (await signs_in(server, acme, "pat", THERE))[2]
    assert not (await signs_in(server, acme, "pat@people.example", THERE))[2]
    assert asked_of(host) == []


@on_sqlite
async def test_a_name_there_takes_no_account_over_that_has_it_here(
    server: RunningServer, connect: Connect, directory: PretendDirectory
) -> None:
    """Neither by the name nor by a verified address, an administrator's or anybody's."""
    acme = await connect()
    await add_local(acme, "pat", role=UserRole.ADMIN)
    directory.rename("pat", "boss@people.example", verified=True)
    assert (await signs_in(server, acme, "pat", THERE, path=FORM))[2]
    with use_tenant(acme):
        assert sorted(each.username for each in await users.all_users()) == ["pat", "pat-staff"]
    await add_local(acme, "boss", email="other@people.example")
    directory.person = type(directory.person)(subject="2", email="other@people.example")
    status, said, is_in = await signs_in(server, acme, "pat", THERE, path=FORM)
    assert (status, is_in) == (409, False), said


@on_sqlite
async def test_wrong_and_unknown_look_alike_here_and_there(
    server: RunningServer, connect: Connect, host: Host
) -> None:
    acme = await connect()
    await add_local(acme, "homer")
    answers = {
        name: await signs_in(server, acme, name, "wrong-wrong-wrong")
        for name in ("pat", "nobody", "homer")
    }
    said = {(status, text.replace(name, "")) for name, (status, text, _) in answers.items()}
    assert len(said) == 1
    assert [name for name, _ in asked_of(host)] == ["pat", "nobody"]


@on_sqlite
async def test_a_local_name_is_answered_when_the_directory_would_have_been(
    server: RunningServer, connect: Connect, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = await connect()
    await add_local(acme, "homer")
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await signs_in(server, acme, "nobody", "wrong-wrong-wrong")
    with monkeypatch.context() as patch:
        patch.setattr("authgate.accounts.directories.sleep", sleep)
        await signs_in(server, acme, "homer", "wrong-wrong-wrong")
    assert len(slept) == 1, "as long as the one that was asked just now"
    assert 0 < slept[0] < 5.5


async def test_a_directory_that_is_away_is_no_wrong_password_and_counts_as_none(
    server: RunningServer, connect: Connect, host: Host
) -> None:
    acme = await connect()
    await add_local(acme, "homer")
    host.says(status=500, body=b"<html>")
    answers = [await signs_in(server, acme, "pat", THERE) for _ in range(7)]
    [(status, said, is_in)] = set(answers)
    assert (status, is_in) == (503, False)
    assert "Staff directory cannot be reached" in said
    assert len(host.asked) == 5, "then it is left alone for a while"
    away = (await signs_in(server, acme, "homer", "wrong-wrong-wrong"))[1]
    assert away.replace("homer", "pat") == said, "nor is it told who is not of the directory"
    assert (await signs_in(server, acme, "homer", PASSWORD))[2]
    with use_tenant(acme):
        assert not await login_failures.LoginFailure.filter(failures__gt=0)


@on_sqlite
async def test_a_slow_directory_takes_no_other_tenant_its_sign_ins(
    few_places: int, server: RunningServer, connect: Connect, directory: PretendDirectory
) -> None:
    """Who waits for it holds none of the places in which passwords are checked here."""
    globex = await provisioning.add_tenant(server.parts, slug="globex", name="Globex")
    await add_local(globex, "alice")
    asked, enough = asyncio.Semaphore(0), asyncio.Event()

    async def says_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.release()
        await enough.wait()
        writer.close()

    silent = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    directory.host = f"localhost:{silent.sockets[0].getsockname()[1]}"
    acme = await connect()
    waiting = []
    for number in range(few_places):
        signing_in = signs_in(server, acme, f"pat-{number}", THERE)
        waiting.append(asyncio.create_task(signing_in))
        await asked.acquire()
    assert (await signs_in(server, globex, "alice", PASSWORD))[2]
    enough.set()
    assert {status for status, _, _ in await asyncio.gather(*waiting)} == {503}
    silent.close()
    await silent.wait_closed()


@pytest.fixture
def few_places(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many passwords are checked at once, or wait for it: few."""
    monkeypatch.setattr("authgate.accounts.passwords._QUEUE_PER_THREAD", 1)
    return os.cpu_count() or 1


@on_sqlite
async def test_an_outage_is_told_of_the_newest_answer_and_for_a_minute(
    server: RunningServer, connect: Connect, directory: PretendDirectory, host: Host
) -> None:
    """Later it would tell who has a password here."""
    acme = await connect()
    await add_local(acme, "homer")

    async def status_of(name: str) -> int:
        return (await signs_in(server, acme, name, "wrong-wrong-wrong"))[0]

    host.says(status=500)
    assert [await status_of("pat") for _ in range(4)] == [503] * 4
    host.site = directory
    assert await status_of("pat") == 400
    assert await status_of("homer") == 400
    host.says(status=500)
    assert (await status_of("pat"), await status_of("homer")) == (503, 503)
    server.clock.advance(61)
    assert await status_of("homer") == 400


@on_sqlite
async def test_a_service_that_says_no_by_its_status_alone_is_not_away_for_the_others(
    server: RunningServer, connect: Connect, directory: PretendDirectory, host: Host
) -> None:
    acme = await connect()
    host.says(status=401, body=b"Who are you?")
    for number in range(6):
        assert (await signs_in(server, acme, f"pat-{number}", "wrong-wrong"))[0] == 400
    host.site = directory
    assert (await signs_in(server, acme, "pat", THERE))[2]


@on_sqlite
async def test_a_name_that_is_closed_there_is_heard_again_after_a_day(
    server: RunningServer, connect: Connect
) -> None:
    """Nobody here opens what has no account."""
    acme = await connect()
    await signs_in(server, acme, "pat", "wrong-wrong-wrong")
    with use_tenant(acme):
        everywhere = login_failures.LoginFailure.filter(place_of=None)
        await everywhere.update(failures=login_failures.EVERYWHERE.last - 1)
    await signs_in(server, acme, "pat", "wrong-wrong-wrong")
    assert (await signs_in(server, acme, "pat", THERE))[0] == 429
    server.clock.advance(86_400)
    assert (await signs_in(server, acme, "pat", THERE))[2]


@on_sqlite
async def test_while_somebody_s_directory_is_switched_off_no_other_is_told_their_password(
    server: RunningServer, connect: Connect, directory: PretendDirectory, host: Host
) -> None:
    acme = await connect(rules=ConnectionRules(email_domains=("corp.example",)))
    assert (await signs_in(server, acme, "pat", THERE, path=FORM))[2]
    with use_tenant(acme):
        await setup(server).add(
            slug="other",
            connector="http-api",
            config={"url": f"https://{directory.host}/other"},
            rules=ConnectionRules(sign_in_form=True),
        )
        staff = await connections.find("staff")
        assert staff is not None
        await connections.change(replace(staff, enabled=False))
    host.asked.clear()
    for name in ("pat", "sam@corp.example"):
        assert (await signs_in(server, acme, name, THERE))[0] == 400
    assert host.asked == []
    await signs_in(server, acme, "sam", THERE)
    assert [each.path for each in host.asked] == ["/other"]


@on_sqlite
async def test_a_removed_plugin_closes_the_form_only_for_people_whose_passwords_it_may_have_kept(
    server: RunningServer, connect: Connect, host: Host
) -> None:
    acme = await connect()
    with use_tenant(acme):
        for name, behind_form in (("sam", False), ("kim", True)):
            gone = await connections.create(
                connection_id=uuid4(), slug=f"gone-{name}", connector="gone", label="Gone",
                config={}, sealed_secrets=b"", rules=ConnectionRules(sign_in_form=behind_form),
            )  # fmt: skip
            person = await users.create(username=name)
            await external_identities.link(
                connection_id=gone.id, issuer="", subject=name, user_id=person.id,
                username=name, now=server.clock(),
            )  # fmt: skip
    for name in ("sam", "kim"):
        assert not (await signs_in(server, acme, name, "wrong-wrong-wrong"))[2]
    assert [name for name, _ in asked_of(host)] == ["sam"]


@on_sqlite
@pytest.mark.parametrize("path", ["/login", FORM])
async def test_it_is_asked_no_more_often_than_a_guesser_is_heard(
    server: RunningServer, connect: Connect, host: Host, path: str
) -> None:
    """LG-02: of 30 guesses at once, in several spellings."""
    acme = await connect()
    spellings = ("pat", "PAT", "pàt", "p\u00e4t ")
    guesses = [
        signs_in(server, acme, spellings[each % 4], f"guess-{each}-0123456789", path=path)
        for each in range(30)
    ]
    answers = await asyncio.gather(*guesses)
    assert len(host.asked) == 5
    assert [status for status, _, _ in answers].count(429) == 25
    late = Person(server.browser())
    await late.visit(f"{acme.issuer}{path}")
    paused = await late.submit({"username": "pat", "password": THERE}, to="", follow=False)
    assert paused.status_code == 429
    assert int(paused.headers["retry-after"]) >= 1


@on_sqlite
async def test_an_administrator_opens_an_account_that_was_guessed_at_there(
    server: RunningServer, connect: Connect
) -> None:
    acme = await connect()
    await signs_in(server, acme, "pat", THERE)
    tried = [await signs_in(server, acme, "pat", "wrong-wrong-wrong") for _ in range(6)]
    assert tried[-1][0] == 429
    with use_tenant(acme):
        [user] = await users.all_users()
        async with storage.transaction():
            await open_account(user)
    assert (await signs_in(server, acme, "pat", THERE))[2]


@on_sqlite
async def test_an_account_there_opens_no_further_guesses_at_one_here(
    server: RunningServer, connect: Connect
) -> None:
    acme = await connect()
    await add_local(acme, "pat")
    for _ in range(4):
        await signs_in(server, acme, "pat", "wrong-wrong-wrong")
    assert (await signs_in(server, acme, "pat", THERE, path=FORM))[2]
    assert (await signs_in(server, acme, "pat", "wrong-wrong-wrong"))[0] == 400
    assert (await signs_in(server, acme, "pat", PASSWORD))[0] == 429


@on_sqlite
@pytest.mark.parametrize(
    ("name", "password"),
    [("pat", ""), ("pat", "x" * 1025), ("pat", "a\0b"), ("p\u200bat", THERE), ("", THERE)],
    ids=["empty", "huge", "nul", "invisible", "nobody"],
)
async def test_what_no_directory_should_read_goes_to_none(
    server: RunningServer, connect: Connect, host: Host, name: str, password: str
) -> None:
    acme = await connect()
    for path in ("/login", FORM):
        assert not (await signs_in(server, acme, name, password, path=path))[2]
    assert host.asked == []


@on_sqlite
async def test_who_is_switched_off_here_does_not_come_in_by_it(
    server: RunningServer, connect: Connect
) -> None:
    acme = await connect()
    await signs_in(server, acme, "pat", THERE)
    with use_tenant(acme):
        [user] = await users.all_users()
        await users.set_status(user.id, UserStatus.DISABLED)
    status, said, is_in = await signs_in(server, acme, "pat", THERE)
    assert (status, is_in) == (403, False)
    assert "switched off" in said


@on_sqlite
async def test_the_domain_of_an_address_leads_to_its_directory_and_none_else_is_asked(
    server: RunningServer, connect: Connect, directory: PretendDirectory, host: Host
) -> None:
    directory.login = "pat@corp.example"
    acme = await connect(rules=ConnectionRules(email_domains=("corp.example",)))
    assert not (await signs_in(server, acme, "pat", THERE))[2]
    assert not (await signs_in(server, acme, "pat@other.example", THERE))[2]
    assert host.asked == []
    assert (await signs_in(server, acme, "pat@corp.example", THERE))[2]


@on_sqlite
async def test_where_the_tenant_has_no_passwords_of_its_own_the_form_asks_the_directory(
    server: RunningServer, connect: Connect
) -> None:
    acme = await connect(password_sign_in=False)
    await add_local(acme, "former")
    assert not (await signs_in(server, acme, "former", PASSWORD))[2]
    assert (await signs_in(server, acme, "pat", THERE))[2]


@on_sqlite
async def test_another_tenant_knows_nothing_of_it(
    server: RunningServer, connect: Connect, host: Host
) -> None:
    await connect()
    globex = await provisioning.add_tenant(
        server.parts,
        slug="globex",
        name="Globex",
        settings=TenantSettings(enabled_plugins=("http-api",)),
    )
    assert not (await signs_in(server, globex, "pat", THERE))[2]
    page = await server.browser().get(f"{globex.issuer}{FORM}")
    assert (page.status_code, host.asked) == (404, [])


@on_sqlite
async def test_one_connection_of_a_tenant_is_behind_its_form_and_takes_passwords(
    server: RunningServer, connect: Connect
) -> None:
    acme = await connect(enabled_plugins=("http-api", "github"))
    form = ConnectionRules(sign_in_form=True)
    with use_tenant(acme):
        with pytest.raises(UnfitRules, match="asks staff already"):
            await setup(server).add(
                slug="other",
                connector="http-api",
                config={"url": "https://a.example/x"},
                rules=form,
            )
        config = {"client_id": "a", "client_secret": "b"}
        with pytest.raises(UnfitRules, match="takes no passwords"):
            await setup(server).add(slug="gh", connector="github", config=config, rules=form)


@on_sqlite
async def test_a_second_factor_is_asked_for_after_it(
    server: RunningServer, connect: Connect
) -> None:
    acme = await connect(second_factor="required")
    person = Person(server.browser())
    await person.visit(f"{acme.issuer}/login")
    done = await person.submit({"username": "pat", "password": THERE}, to="/login", follow=False)
    assert done.headers["location"] == "/t/acme/second-factor"


@on_sqlite
async def test_an_administrator_tries_it_and_nobody_is_made(
    server: RunningServer, connect: Connect, directory: PretendDirectory
) -> None:
    acme = await connect(rules=ConnectionRules(newcomers=Newcomers.REFUSED))
    await add_local(acme, "boss", role=UserRole.OWNER)
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "boss")
    shown = await person.visit(f"{acme.issuer}/admin/connections/staff")
    assert "/login/staff/trial" in shown.text
    assert "/login/staff/callback" not in shown.text, "nothing is to be registered"
    form = await person.visit(f"{acme.issuer}/admin/connections/staff/edit")
    assert 'name="sign_in_form"' in form.text
    await person.visit(f"{acme.issuer}/login/staff/trial")
    page = await person.submit({"username": "pat", "password": THERE}, to=FORM)
    assert page.status_code == 200
    assert directory.person.subject in page.text
    assert "Is refused" in page.text
    assert THERE not in page.text
    stranger = await server.browser().get(f"{acme.issuer}{FORM}?purpose=trial")
    assert stranger.status_code == 303
    with use_tenant(acme):
        assert len(await users.all_users()) == 1


@on_sqlite
async def test_a_way_in_there_is_added_by_who_is_signed_in_and_says_yes(
    server: RunningServer, connect: Connect
) -> None:
    acme = await connect(rules=ConnectionRules(newcomers=Newcomers.REFUSED, sign_in_form=True))
    await add_local(acme, "alice")
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice")
    await person.visit(f"{acme.issuer}/account/identities/link/staff")
    await person.submit({"username": "pat", "password": THERE}, to=FORM)
    done = await person.submit({}, to="/account/identities/link")
    assert "done=linked" in str(done.url)
    assert (await signs_in(server, acme, "pat", THERE))[2]
    with use_tenant(acme):
        assert len(await users.all_users()) == 1


HOSTILE = """
    import asyncio, sys
    from dataclasses import dataclass
    from authgate.plugin_api import ExternalIdentity, PasswordConnector, hookimpl

    plugin_api_version = "1.2"

    @dataclass(frozen=True)
    class Nothing:
        pass

    class Evil(ExternalIdentity):
        pass

    class Hostile(PasswordConnector):
        name, label, config_type = "hostile", "Hostile", Nothing

        async def check_password(self, attempt):
            said = attempt.password.reveal()
            {body}

    @hookimpl
    def register_password_connectors():
        return [Hostile]
"""
BODIES = (
    "await asyncio.sleep(3600)",
    "raise ValueError(said)",
    "sys.exit(said)",
    "raise asyncio.CancelledError(said)",
    "deeper = lambda: deeper(); deeper()",
    "return None",
    "return Evil(issuer='https://a.example', subject='1')",
    "return ExternalIdentity(issuer='a.example', subject='1')",
    "return ExternalIdentity(issuer='https://a.example', subject='')",
    "return ExternalIdentity(issuer='https://a.example', subject=said * 100)",
)


async def test_a_hostile_connector_lets_nobody_in_and_its_words_are_told_to_nobody(
    install: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authgate.plugin_manager.connectors.LOGIN_BUDGET", 0.2)
    attempt = PasswordAttempt(login="pat", password=Secret(THERE))
    for number, body in enumerate(BODIES):
        source = HOSTILE.format(body=body).replace('"hostile"', f'"hostile-{number}"')
        install(f"hostile-{number}", source)
    calls: list[PluginCall] = []
    made = LoginConnectors(load(), isolation=Isolation(observe=calls.append), http=GuardedHttp())
    for number, body in enumerate(BODIES):
        opened = OpenConnection(
            tenant_id=uuid4(), name="x", connector=made.types[f"hostile-{number}"], config={}
        )
        with pytest.raises(PluginFailed) as failed:
            await made.check_password(opened, attempt)
        assert THERE not in f"{failed.value} {calls[-1]}", body
