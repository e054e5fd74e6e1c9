"""A tenant's own mail server: chosen by the API and in the console, tried while somebody looks on,
and given a password that no other server gets."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from authgate import mail, storage
from authgate.audit import Event
from authgate.mail import delivery, smtp
from authgate.permissions import UserRole
from authgate.settings import EgressSettings, Settings
from authgate.storage.mail import mail_servers
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import MailPurpose, MailStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing import mail_server
from authgate_testing.api import EVERYTHING, ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.mail_server import MailServer
from authgate_testing.person import Person
from authgate_testing.processes import free_port
from authgate_testing.server import RunningServer

PASSWORD = "a-password-of-acmes-mail-server"
SENDER = "Acme <no-reply@acme.example>"
TO = {"recipient": "mira@acme.example"}


@pytest.fixture
async def own(certificate: tuple[Path, Path]) -> AsyncIterator[MailServer]:
    """Acme's mail server."""
    async with mail_server.listening(certificate, password=PASSWORD) as listening:
        yield listening


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    """Tenants may reach servers of this machine."""
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    return await api_client(server, acme, *EVERYTHING)


def chosen(own: MailServer, **other: object) -> dict[str, object]:
    """What is said of acme's server."""
    said = {"host": "localhost", "port": own.port, "username": "mailer", "password": PASSWORD}
    return {**said, "sender": SENDER, **other}


async def tried(api: ApiClient) -> tuple[bool, dict[str, tuple[str, str | None, int | None]]]:
    """What became of a test mail, step by step."""
    answer = await api.post("/mail-server/test", TO)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    steps = {each["step"]: (each["outcome"], each["fault"], each["code"]) for each in told["steps"]}
    return told["taken"], steps


async def arrived(own: MailServer, number: int) -> None:
    async with asyncio.timeout(30):
        while True:
            if len(own.mails) == number:
                return
            await asyncio.sleep(0.01)


async def test_a_tenants_mail_leaves_by_its_own_server_and_nobody_is_told_its_password(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    globex: Tenant,
    own: MailServer,
    postbox: MailServer,
    ledger: Ledger,
) -> None:
    assert is_problem(await api.get("/mail-server"), 404, "not-found")
    assert is_problem(await api.post("/mail-server/test", TO), 404, "not-found")
    made = await api.post("/mail-server", chosen(own))
    assert made.status_code == 200, made.text
    now = (await api.get("/mail-server")).json()
    assert now == made.json()
    assert (now["host"], now["has_password"]) == ("localhost", True)
    kept = chosen(own, sender="no-reply@acme.example")
    del kept["password"]
    for _ in range(2):
        changed = await api.post("/mail-server", kept)
        assert (changed.status_code, changed.json()["has_password"]) == (200, True), changed.text
    seen = (await api.get("/mail-server")).headers["etag"]
    for stale in ({"if_match": '"another"'}, {"if_none_match": "*"}):
        assert is_problem(await api.post("/mail-server", kept, **stale), 412, "changed")
    assert (await api.post("/mail-server", kept, if_match=seen)).status_code == 200
    other = await api_client(server, globex, *EVERYTHING)
    assert is_problem(await other.get("/mail-server"), 404, "not-found")
    assert is_problem(await other.post("/mail-server", kept, if_match="*"), 412, "changed")

    assert await tried(api) == (
        True,
        {
            "resolve": ("passed", None, None),
            "connect": ("passed", None, None),
            "encrypt": ("passed", None, None),
            "sign_in": ("passed", None, None),
            "hand_over": ("passed", None, 250),
        },
    )
    with use_tenant(acme):
        invitation = mail.written("test")
        await mail.post(
            server.parts, invitation, recipient="jo@acme.example", purpose=MailPurpose.TEST
        )
    await arrived(own, 2)
    assert [each["From"] for each in own.mails] == ["no-reply@acme.example"] * 2
    assert (own.encrypted, postbox.mails) == ([True, True], [])

    assert (await api.delete("/mail-server")).status_code == 204
    assert is_problem(await api.delete("/mail-server"), 404, "not-found")
    first, second = await ledger.events(acme, Event.MAIL_SERVER_CHANGED)
    assert first.details["changes"][-1] == {"setting": "password", "is": "changed"}
    assert second.details["changes"] == [
        {"setting": "sender", "was": SENDER, "is": "no-reply@acme.example"}
    ]
    assert len(await ledger.events(acme, Event.MAIL_SERVER_REMOVED)) == 1
    [event] = await ledger.events(acme, Event.MAIL_SERVER_TRIED)
    assert (event.success, event.details) == (True, TO)
    assert PASSWORD not in str(await ledger.rows(acme))


@on_sqlite
async def test_a_password_that_is_kept_goes_to_no_other_server(
    api: ApiClient, acme: Tenant, own: MailServer
) -> None:
    assert (await api.post("/mail-server", chosen(own))).status_code == 200
    kept = chosen(own)
    del kept["password"]
    others: list[Mapping[str, object]] = [
        {"host": "127.0.0.1"},
        {"host": "mail.evil.example"},
        {"port": own.port + 1},
        {"security": "none"},
    ]
    for other in others:
        refused = await api.post("/mail-server", {**kept, **other})
        assert is_problem(refused, 422, "invalid"), other
        assert refused.json()["errors"][0]["pointer"] == "/password", other
    for said in (None, ""):
        refused = await api.post("/mail-server", {**kept, "host": "127.0.0.1", "password": said})
        assert is_problem(refused, 422, "invalid"), said
    assert (await api.post("/mail-server", {**kept, "host": "LOCALHOST."})).status_code == 200
    nobody = {**kept, "host": "127.0.0.1", "username": ""}
    assert (await api.post("/mail-server", nobody)).json()["has_password"] is False
    # It is gone for good: with the former name comes no former password.
    assert is_problem(await api.post("/mail-server", kept), 422, "invalid")
    with use_tenant(acme):
        stored = await mail_servers.find()
    assert stored is not None
    assert stored.sealed_password is None


@on_sqlite
async def test_what_can_be_no_mail_server_is_refused(
    server: RunningServer, api: ApiClient, own: MailServer
) -> None:
    async def refused(said: Mapping[str, object]) -> str:
        answer = await api.post("/mail-server", chosen(own, **said))
        assert is_problem(answer, 422, "invalid"), said
        return str(answer.json()["errors"][0]["pointer"])

    for host in ("", "a b", "mail.example:25", "mail_1.example", "-a.example", "x\r\ny", "a" * 64):
        assert await refused({"host": host}) == "/host", host
    for sender in ("nobody", "a@b.example\r\nBcc: x@y.example", "A <a@b.example>, <c@d.example>"):
        assert await refused({"sender": sender}) == "/sender", sender
    assert await refused({"port": 0}) == "/port"
    assert await refused({"security": "plain"}) == "/security"
    assert await refused({"username": "", "password": PASSWORD}) == "/username"
    assert await refused({"password": "two\r\nlines"}) == "/password"
    object.__setattr__(server.parts.settings, "profile", "prod")
    assert await refused({"host": "mail.acme.example", "security": "none"}) == "/security"
    here = await api.post("/mail-server", chosen(own, security="none"))
    assert here.status_code == 200, "this machine reads it anyway"


@dataclass(slots=True)
class Silent:
    """A server that takes lines and says nothing on them, until it is told to close them."""

    port: int = 0
    lines: int = 0
    was_reached: asyncio.Event = field(default_factory=asyncio.Event)
    closes: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One more line."""
        self.lines += 1
        self.was_reached.set()
        await self.closes.wait()
        writer.close()


@asynccontextmanager
async def saying_nothing() -> AsyncIterator[Silent]:
    """Such a server."""
    silent = Silent()
    async with await asyncio.start_server(silent.take, "127.0.0.1", 0) as listening:
        silent.port = listening.sockets[0].getsockname()[1]
        try:
            yield silent
        finally:
            silent.closes.set()


async def leave(server: RunningServer, tenant: Tenant, *to: str) -> None:
    """Leave a test mail to each, in one transaction."""
    with use_tenant(tenant):
        async with storage.transaction():
            for each in to:
                letter = mail.written("test")
                await mail.post(server.parts, letter, recipient=each, purpose=MailPurpose.TEST)


async def tried_once(tenant: Tenant, number: int) -> None:
    """Return once so many mails have waited for a server in vain, each of them once."""
    async with asyncio.timeout(30):
        while True:
            with use_tenant(tenant):
                found = await Mail.all()
            if len(found) == number and all(each.last_error for each in found):
                assert {(each.status, each.attempts) for each in found} == {(MailStatus.PENDING, 1)}
                return
            await asyncio.sleep(0.01)


@on_sqlite
async def test_a_server_that_says_nothing_is_not_tried_with_every_mail(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    own: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "SECONDS", 0.5)
    async with saying_nothing() as silent:
        assert (await api.post("/mail-server", chosen(own, port=silent.port))).status_code == 200
        await leave(server, acme, *(f"{n}@acme.example" for n in range(delivery.IN_ONE_GO)))
        await tried_once(acme, delivery.IN_ONE_GO)
        assert 0 < silent.lines <= delivery.AT_ONCE


@on_sqlite
async def test_ti_a_tenants_silent_server_holds_up_no_other_tenants_mail(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    globex: Tenant,
    own: MailServer,
    postbox: MailServer,
) -> None:
    async with saying_nothing() as silent:
        assert (await api.post("/mail-server", chosen(own, port=silent.port))).status_code == 200
        for n in range(8):
            await leave(server, acme, f"{n}@acme.example")
            await asyncio.wait_for(silent.was_reached.wait(), 10)
        await leave(server, globex, "jo@globex.example")
        await arrived(postbox, 1)
        assert silent.lines == 1
        silent.closes.set()
        await tried_once(acme, 8)


@asynccontextmanager
async def answering(text: bytes) -> AsyncIterator[int]:
    """Something that is no mail server."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@on_sqlite
async def test_each_way_in_which_a_server_takes_no_mail_is_told_by_our_words_alone(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    own: MailServer,
    certificate: tuple[Path, Path],
) -> None:
    async def ends(**said: object) -> tuple[str, str | None, int | None]:
        answer = await api.post("/mail-server", chosen(own, **said))
        assert answer.status_code == 200, answer.text
        taken, steps = await tried(api)
        assert not taken
        [failed] = [each for each in steps if steps[each][0] == "failed"]
        after = list(steps)[list(steps).index(failed) + 1 :]
        assert all(steps[each] == ("not_reached", None, None) for each in after)
        return (failed, *steps[failed][1:])

    assert await ends(host="10.0.0.1") == ("resolve", "nowhere", None)
    assert await ends(host="nothing.invalid") == ("resolve", "nowhere", None)
    assert await ends(port=free_port()) == ("connect", "unreachable", None)
    assert await ends(password="another-password") == ("sign_in", "sign_in_refused", 535)
    own.answers.append("550 5.7.1 the secret of the house")
    assert await ends() == ("hand_over", "refused", 550)
    async with answering(b"SSH-2.0-OpenSSH_9.2p1\r\n") as port:
        assert await ends(port=port) == ("connect", "no_mail_server", None)
        assert await ends(port=port, security="tls") == ("encrypt", "no_mail_server", None)
    async with mail_server.listening(certificate, plain=True) as plain:
        assert await ends(port=plain.port) == ("encrypt", "no_encryption", None)
        assert await ends(port=plain.port, security="none") == ("sign_in", "no_sign_in", None)
    assert await ends(host="127.1") == ("encrypt", "not_believed", None)
    again = await api.post("/mail-server/test", TO)
    assert is_problem(again, 409, "conflict"), "it is no way to look for open ports"
    server.clock.advance(3601)
    later = await api_client(server, acme, *EVERYTHING)
    assert (await later.post("/mail-server/test", TO)).status_code == 200


@on_sqlite
async def test_an_address_is_sent_three_test_mails_an_hour(api: ApiClient, own: MailServer) -> None:
    await api.post("/mail-server", chosen(own))
    for _ in range(3):
        assert (await tried(api))[0]
    assert is_problem(await api.post("/mail-server/test", TO), 409, "conflict")
    assert is_problem(await api.post("/mail-server/test", {"recipient": "x"}), 422, "invalid")
    assert len(own.mails) == 3


@pytest.fixture
async def admin(acme: Tenant, alice: User, person: Person) -> Person:
    """Alice, in charge of acme."""
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    return person


@on_sqlite
async def test_a_server_is_chosen_tried_and_removed_in_the_console(
    acme: Tenant, alice: User, admin: Person, own: MailServer
) -> None:
    here = f"{acme.issuer}/admin/mail-server"
    page = await admin.visit(here)
    assert "server sends your mail." in page.text
    typed: dict[str, Any] = {name: str(text) for name, text in chosen(own).items()}
    page = await admin.submit(typed | {"security": "tls", "port": "many"}, to="/mail-server")
    assert (page.status_code, 'id="port-fault"' in page.text) == (400, True)
    assert PASSWORD not in page.text
    page = await admin.submit(typed | {"security": "starttls"}, to="/mail-server")
    assert "Saved. It is in force." in page.text
    page = await admin.submit(typed | {"security": "none", "password": ""}, to="/mail-server")
    assert (page.status_code, 'id="password-fault"' in page.text) == (400, True)
    page = await admin.visit(here)
    assert PASSWORD not in page.text
    assert f'value="{alice.email}"' in page.text
    own.answers.append("451 4.7.1 come back later, stranger")
    page = await admin.submit(TO, to="/test")
    assert "The test mail was not taken." in page.text
    assert "<code>451</code>" in page.text
    assert "stranger" not in page.text
    page = await admin.submit(TO, to="/test")
    assert "The server has taken the test mail." in page.text
    page = await admin.submit({"recipient": "nobody"}, to="/test")
    assert (page.status_code, 'id="recipient-fault"' in page.text) == (400, True)
    page = await admin.submit({}, to="/remove")
    assert "Removed." in page.text
    assert len(own.mails) == 1
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.AUDITOR)
    page = await admin.visit(here)
    assert (page.status_code, '<fieldset class="plain" disabled' in page.text) == (200, True)
