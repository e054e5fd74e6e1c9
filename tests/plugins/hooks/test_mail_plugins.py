"""Plugins that send mail: chosen by a tenant or for all, and treated as a mail server is."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from authgate import background, mail
from authgate.cli.doctor import mail as doctor
from authgate.mail import Delivery
from authgate.permissions import UserRole
from authgate.plugin_manager import Outcome
from authgate.settings import MailSettings, Settings
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import MailPurpose, MailStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

SECRET = "the-key-of-the-letter-service"
SENDER = "Acme <no-reply@acme.example>"
CHOSEN = {"plugin": "letters", "sender": SENDER}

LETTERS = """
    from dataclasses import dataclass
    from typing import Annotated

    from authgate.plugin_api import MailNotSent, MailTaken, Secret, Setting, hookimpl

    plugin_api_version = "1.2"
    SENT = []

    @dataclass(frozen=True)
    class Config:
        key: Annotated[Secret, Setting("Its key.")]

        def __post_init__(self):
            if self.key.reveal() == "an-old-key":
                raise ValueError(self.key.reveal())

    @hookimpl
    def register_config():
        return Config

    @hookimpl
    async def send_mail(message, config):
        who, _, _ = message.recipient.partition("@")
        if who == "later":
            raise MailNotSent("Come back in an hour.")
        if who == "never":
            raise MailNotSent("Nobody of this name.", final=True)
        if who == "raises":
            raise ValueError(config.key.reveal())
        if who == "forgets":
            return None
        SENT.append((message, config.key.reveal()))
        return MailTaken(reference="letter-7")
"""


@pytest.fixture(autouse=True)
def plugins(install: Any) -> None:
    """Beside the bundled ones."""
    install("letters", LETTERS)


@pytest.fixture
def settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Settings:
    """Rounds are done by the tests; with ``True`` the plugin sends for all."""
    monkeypatch.setattr(background, "schedule", lambda _: ())
    if not getattr(request, "param", False):
        return settings
    said = SecretStr(f'{{"key": "{SECRET}"}}')
    sending = MailSettings(plugin="letters", plugin_settings=said, sender=SENDER)
    return settings.model_copy(update={"mail": sending})


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    return await api_client(server, acme, *EVERYTHING)


def sent(server: RunningServer) -> list[Any]:
    """What the plugin of this server was given."""
    plugin: Any = server.parts.plugins.installed.get_plugin("letters")
    found: list[Any] = plugin.SENT
    return found


async def became(server: RunningServer, tenant: Tenant, who: str) -> Mail:
    """What became of a mail to somebody, once it was tried."""
    with use_tenant(tenant):
        await mail.post(
            server.parts,
            mail.written("test"),
            recipient=f"{who}@acme.example",
            purpose=MailPurpose.TEST,
        )
        async with asyncio.timeout(30):
            while True:
                found = await Mail.get(recipient=f"{who}@acme.example")
                if found.status is not MailStatus.PENDING or found.last_error:
                    return found
                await asyncio.sleep(0.01)


async def tried(api: ApiClient, who: str) -> dict[str, Any]:
    """The only step of a test mail."""
    answer = await api.post("/mail-server/test", {"recipient": f"{who}@acme.example"})
    assert answer.status_code == 200, answer.text
    [step] = answer.json()["steps"]
    assert answer.json()["taken"] == (step["outcome"] == "passed")
    return {name: step[name] for name in ("step", "fault", "code", "said")}


@on_sqlite
async def test_a_tenant_has_its_mail_sent_by_a_plugin(
    server: RunningServer, acme: Tenant, globex: Tenant, api: ApiClient, run: Any
) -> None:
    refused = await api.post("/mail-server", CHOSEN)
    assert is_problem(refused, 422, "invalid"), "it does not run for the tenant"
    assert refused.json()["errors"][0]["pointer"] == "/plugin"
    acme = await run(acme, "letters", "networks")
    made = await api.post("/mail-server", CHOSEN)
    assert made.status_code == 200, made.text
    assert (made.json()["plugin"], made.json()["host"]) == ("letters", "")
    for other in ({"host": "smtp.acme.example"}, {"username": "a"}, {"password": "b"}):
        [pointer] = [f"/{name}" for name in other]
        wrong = await api.post("/mail-server", {**CHOSEN, **other})
        assert wrong.json()["errors"][0]["pointer"] == pointer
    wrong = await api.post("/mail-server", {**CHOSEN, "plugin": "networks"})
    assert is_problem(wrong, 422, "invalid"), "it sends no mail"
    assert is_problem(await api.post("/mail-server", {"sender": SENDER}), 422, "invalid")

    nothing = await tried(api, "early")
    assert (nothing["fault"], nothing["said"]) == (
        "not_set_up", "The plugin 'letters' lacks settings.",
    )  # fmt: skip
    key = {"settings": {"key": SECRET}}
    assert (await api.patch("/plugins/letters", key, if_match="*")).status_code == 200
    assert await tried(api, "mira") == {
        "step": "hand_over", "fault": None, "code": None, "said": "",
    }  # fmt: skip
    there = await became(server, acme, "jo")
    assert (there.status, there.sealed) == (MailStatus.SENT, None)
    message, key_given = sent(server)[-1]
    assert key_given == SECRET
    assert message.recipient == "jo@acme.example"
    assert (message.tenant, message.purpose, message.sender) == ("acme", "test", SENDER)
    assert message.message_id == f"<{there.id}@acme.example>"
    assert message.subject == "Mail from Acme arrives"
    assert "<html" in message.html
    assert message.text.strip()
    assert "jo@" not in repr(message)
    with use_tenant(globex):
        assert (await Mail.all()) == []
    assert len(sent(server)) == 2

    paused = await api.patch("/plugins/letters", {"paused": True}, if_match="*")
    assert paused.status_code == 200
    now = await server.parts.resolver.find("acme")
    assert now is not None
    waiting = await became(server, now, "waits")
    assert (waiting.status, waiting.last_error) == (
        MailStatus.PENDING, "No plugin 'letters' that sends mail runs for the tenant.",
    )  # fmt: skip


@on_sqlite
async def test_what_the_plugin_does_not_take_is_tried_again_or_given_up_and_no_secret_is_told(
    server: RunningServer, acme: Tenant, api: ApiClient, run: Any
) -> None:
    acme = await run(acme, "letters", key=SECRET)
    assert (await api.post("/mail-server", CHOSEN)).status_code == 200
    later, never, raises, forgets = [
        await became(server, acme, who) for who in ("later", "never", "raises", "forgets")
    ]
    assert (later.status, later.last_error) == (
        MailStatus.PENDING, "The plugin 'letters' says: Come back in an hour.",
    )  # fmt: skip
    assert later.next_attempt_at > server.clock()
    assert (never.status, never.sealed) == (MailStatus.FAILED, None)
    assert raises.status is forgets.status is MailStatus.PENDING
    assert raises.last_error.startswith("The plugin 'letters' failed: raised, ValueError at ")
    assert SECRET not in raises.last_error
    assert forgets.last_error == (
        "The plugin 'letters' failed: wrong_result, NoneType instead of MailTaken."
    )
    assert (await tried(api, "raises"))["fault"] == "plugin_failed"
    told = await tried(api, "never")
    assert (told["fault"], told["said"]) == (
        "refused", "The plugin 'letters' says: Nobody of this name.",
    )  # fmt: skip
    server.clock.advance(15)
    with use_tenant(acme):
        await Delivery(server.parts).send_due()
        assert (await Mail.get(id=later.id)).attempts == 2
    noted = (await api.get("/plugins/letters")).json()["last_failure"]
    assert (noted is None) or noted["call"] == "send_mail"


@on_sqlite
async def test_a_plugin_that_fails_again_and_again_is_left_alone_and_the_mail_waits(
    server: RunningServer, acme: Tenant, api: ApiClient, run: Any
) -> None:
    acme = await run(acme, "letters", key=SECRET)
    assert (await api.post("/mail-server", CHOSEN)).status_code == 200
    for _ in range(5):
        assert (await tried(api, "raises"))["fault"] == "plugin_failed"
    assert (await tried(api, "raises"))["fault"] == "unreachable"
    left = await became(server, acme, "jo")
    assert Outcome.SUSPENDED in left.last_error
    assert not sent(server)


@pytest.mark.parametrize("settings", [True], indirect=True)
@on_sqlite
async def test_an_operator_has_all_mail_sent_by_a_plugin_that_no_tenant_has_enabled(
    server: RunningServer, acme: Tenant
) -> None:
    assert (await became(server, acme, "jo")).status is MailStatus.SENT
    [(message, key)] = sent(server)
    assert (message.tenant, key) == ("acme", SECRET)


@on_sqlite
async def test_an_administrator_chooses_it_in_the_console_whatever_is_typed_of_a_server(
    acme: Tenant, alice: User, person: Person, run: Any
) -> None:
    with use_tenant(await run(acme, "letters", key=SECRET)):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    await person.visit(f"{acme.issuer}/admin/mail-server")
    typed = {"plugin": "letters", "host": "smtp.left.example", "sender": SENDER}
    page = await person.submit(typed, to="/mail-server")
    assert '<option value="letters" selected>' in page.text
    page = await person.submit({"recipient": "never@acme.example"}, to="/test")
    assert "Nobody of this name." in page.text


def test_settings_that_send_by_two_or_by_no_object_are_refused() -> None:
    for wrong, said in (
        ({"host": "a.example", "plugin": "letters", "sender": SENDER}, "both set"),
        ({"plugin": "letters"}, "set mail.sender"),
        ({"plugin_settings": "[1]"}, "JSON object"),
        ({"plugin_settings": '{"key": "the-key-of-the-letter-service"'}, "JSON object"),
    ):
        with pytest.raises(ValidationError, match=said) as refused:
            MailSettings.model_validate(wrong)
        assert SECRET not in str(refused.value.errors(include_input=False))


async def test_the_doctor_outlives_a_plugin_that_raises_at_its_settings(settings: Settings) -> None:
    sending = MailSettings(
        plugin="letters", plugin_settings=SecretStr('{"key": "an-old-key"}'), sender=SENDER
    )
    asked = settings.model_copy(update={"mail": sending})
    [found] = [each async for each in doctor.findings(asked)]
    assert found.code == "mail-plugin-unfit"
    assert found.found == "mail.plugin_settings: letters raised ValueError"
