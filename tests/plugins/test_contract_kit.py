"""The contract kit finds what is wrong with a plugin.

Each test of a connector by itself fails for a fault, and so do those of the other hooks. Of those
at the server some are seen to pass only.
"""

import importlib
import logging
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from authgate.cli.plugin import scaffold
from authgate.cli.plugin.scaffold import Kind
from authgate.plugin_api import (
    ConnectorConfigError,
    ConnectorError,
    ExternalIdentity,
    HttpFailure,
    LoginAttempt,
    LoginRequest,
    OnFailure,
    PasswordAttempt,
    ProviderAnswer,
    Setting,
    SignInRefused,
    TokenClaimsRequest,
    WrongPassword,
    hookspecs,
)
from authgate.plugin_api.hookspecs import HookRules, rules_of
from authgate.plugin_manager import PluginFailed, PluginRefused
from authgate.pretend.directory import Directory
from authgate.testing import (
    CommandsContract,
    ConsolePageContract,
    KeyProviderContract,
    LoginConnectorContract,
    LoginPolicyContract,
    MailContract,
    PasswordConnectorContract,
    SettingsContract,
    TokenClaimsContract,
)
from authgate.testing.server import running
from authgate_http_api.connector import HttpApiConnector

Methods = dict[str, object]
Fault = Callable[[Any], Methods]
"""What is otherwise than in the good connector."""

_FOUND = (AssertionError, PluginFailed, SignInRefused, pytest.fail.Exception)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The connector of a new plugin, in which nothing is wrong."""
    folder = tmp_path_factory.mktemp("author") / "good-sso"
    scaffold.write(Kind.LOGIN_CONNECTOR, "good-sso", folder, taken=())
    sys.path.insert(0, str(folder / "src"))
    try:
        yield importlib.import_module("authgate_good_sso.connector").Connector
    finally:
        sys.path.remove(str(folder / "src"))
        for name in ("authgate_good_sso.connector", "authgate_good_sso"):
            sys.modules.pop(name, None)


def without_challenge(good: Any) -> Methods:
    async def authorization_url(self: Any, attempt: LoginAttempt) -> str:
        url: str = await good.authorization_url(self, attempt)
        return url.replace("&code_challenge_method=S256", "")

    return {"authorization_url": authorization_url}


def with_the_secret_in_the_browser(good: Any) -> Methods:
    async def authorization_url(self: Any, attempt: LoginAttempt) -> str:
        url = await good.authorization_url(self, attempt)
        return f"{url}&client_secret={self.config.client_secret.reveal()}"

    return {"authorization_url": authorization_url}


def with_a_shown_secret(good: Any) -> Methods:
    key = ("api_key", Annotated[str, Setting("A key.")], "")
    shown = make_dataclass("Shown", [key], bases=(good.config_type,), frozen=True, kw_only=True)
    return {"config_type": shown}


def with_a_setting_without_words(good: Any) -> Methods:
    team = ("team", Annotated[str, Setting("")], "")
    bare = make_dataclass("Bare", [team], bases=(good.config_type,), frozen=True, kw_only=True)
    return {"config_type": bare}


def blaming_another_setting(good: Any) -> Methods:
    def parse_config(cls: Any, raw: Mapping[str, object]) -> Any:
        try:
            return good.parse_config(raw)
        except ConnectorConfigError as error:
            raise ConnectorConfigError("settings", error.fault) from None

    return {"parse_config": classmethod(parse_config)}


def showing_its_secret(good: Any) -> Methods:
    def shown(self: Any) -> str:
        return f"Config(client_secret={self.client_secret.reveal()})"

    return {"config_type": type("Shown", (good.config_type,), {"__repr__": shown})}


def with_a_host_that_is_no_place(good: Any) -> Methods:
    host = ("host", Annotated[str, Setting("A host.")])
    moved = make_dataclass("Moved", [host], bases=(good.config_type,), frozen=True, kw_only=True)
    return {"config_type": moved}


def known_by_address(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        identity = await good.identify(self, attempt, answer)
        return replace(identity, subject=identity.email)

    return {"identify": identify}


def believing_every_address(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        return replace(await good.identify(self, attempt, answer), email_verified=True)

    return {"identify": identify}


def for_whoever_answers(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        return await good.identify(self, attempt, ProviderAnswer(code=answer.code))

    return {"identify": identify}


def letting_anybody_in(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        return ExternalIdentity(issuer=self.config.issuer, subject=answer.code)

    return {"identify": identify}


def keeping_the_attempt(good: Any) -> Methods:
    kept: list[LoginAttempt] = []

    async def authorization_url(self: Any, attempt: LoginAttempt) -> Any:
        kept.append(attempt)
        return await good.authorization_url(self, attempt)

    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        return await good.identify(self, kept[-1], answer)

    return {"authorization_url": authorization_url, "identify": identify}


def keeping_the_settings(good: Any) -> Methods:
    kept: list[Any] = []

    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        kept.append(self.config)
        mixed = replace(self.config, client_secret=kept[0].client_secret)
        return await good.identify(good(config=mixed, http=self.http), attempt, answer)

    return {"identify": identify}


def of_one_issuer(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        return replace(await good.identify(self, attempt, answer), issuer="https://acme.example")

    return {"identify": identify}


def asking_with_the_secret_in_the_address(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        secret = self.config.client_secret.reveal()
        await self.http.get(f"{self.config.issuer}/hello?secret={secret}")
        return await good.identify(self, attempt, answer)

    return {"identify": identify}


def stumbling(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        try:
            return await good.identify(self, attempt, answer)
        except ConnectorError:
            raise KeyError("access_token") from None

    return {"identify": identify}


def saying_what_it_sent(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        try:
            return await good.identify(self, attempt, answer)
        except SignInRefused:
            raise SignInRefused(f"{attempt.code_verifier} was not accepted.") from None

    return {"identify": identify}


def logging_what_it_got(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        logging.getLogger(__name__).debug("came back with %s", answer.code)
        return await good.identify(self, attempt, answer)

    return {"identify": identify}


def asking_by_itself(good: Any) -> Methods:
    async def identify(self: Any, attempt: LoginAttempt, answer: ProviderAnswer) -> Any:
        with suppress(OSError):
            socket.create_connection(("login.example.com", 443))
        return await good.identify(self, attempt, answer)

    return {"identify": identify}


_FAULTS: list[tuple[Fault, str]] = [
    (with_a_setting_without_words, "each_setting_says_what_it_means"),
    (blaming_another_setting, "a_setting_that_is_missing_is_refused_by_its_name"),
    (showing_its_secret, "its_settings_show_no_secret"),
    (without_challenge, "the_browser_carries_state_callback_and_challenge_over_https"),
    (with_the_secret_in_the_browser, "the_browser_carries_no_secret"),
    (with_a_shown_secret, "a_setting_that_sounds_secret_is_declared_as_one"),
    (with_a_host_that_is_no_place, "whoever_moves_where_secrets_are_sent_enters_them_anew"),
    (known_by_address, "who_is_called_otherwise_is_the_same_person"),
    (
        believing_every_address,
        "an_address_that_the_provider_has_not_checked_is_not_verified",
    ),
    (for_whoever_answers, "an_answer_of_another_issuer_is_refused_and_its_code_goes_nowhere"),
    (letting_anybody_in, "a_code_that_nobody_was_given_is_refused"),
    (letting_anybody_in, "a_code_that_another_attempt_asked_for_is_refused"),
    (keeping_the_attempt, "nothing_is_kept_between_the_two_halves"),
    (keeping_the_settings, "two_tenants_at_once_do_not_mix"),
    (of_one_issuer, "two_tenants_at_once_do_not_mix"),
    (asking_with_the_secret_in_the_address, "its_secrets_travel_in_no_address"),
    (stumbling, "nonsense_for_an_answer_makes_nobody_of_somebody"),
    (asking_by_itself, "who_agreed_is_identified"),
]


def contract_of(good: Any, fault: Fault = lambda good: {}) -> Any:
    class Contract(LoginConnectorContract):
        connector = type("Faulty", (good,), fault(good))

    return Contract()


@pytest.mark.parametrize(
    ("fault", "promise"), _FAULTS, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_faulty_connector_fails_the_test_of_its_fault(
    good: Any, fault: Fault, promise: str
) -> None:
    test = f"test_{promise}"
    getattr(contract_of(good), test)()
    with pytest.raises(_FOUND):
        getattr(contract_of(good, fault), test)()


@pytest.mark.parametrize("fault", [saying_what_it_sent, logging_what_it_got])
def test_a_connector_that_tells_a_secret_is_found(
    good: Any, fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    contract_of(good).test_no_error_and_no_log_tells_a_secret(capsys)
    with pytest.raises(AssertionError):
        contract_of(good, fault).test_no_error_and_no_log_tells_a_secret(capsys)


_CLAIMS = """
import asyncio
from authgate.plugin_api import hookimpl

plugin_api_version = "1.0"
seen = []

@hookimpl
async def token_claims(request):
    seen.append(request.subject)
    {body}
"""


@pytest.mark.parametrize(
    ("body", "promise"),
    [
        ("return {}", "it_has_something_to_say"),
        ('return {"faulty_x": 1, "groups": ["admins"]}', "every_claim_is_its_own_to_make"),
        ('return {"faulty_x": sorted(request.scope)[0]}', "it_fails_for_nobody"),
        (
            'await asyncio.sleep(0); return {"faulty_x": seen[-1]}',
            "tenants_and_people_at_once_do_not_mix",
        ),
        ('return {"faulty_x": sum(range(1_000_000))}', "it_takes_little_of_the_time_that_it_has"),
    ],
)
def test_faulty_claims_fail_the_test_of_their_fault(
    install: Any, body: str, promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Contract(TokenClaimsContract):
        plugin = "faulty"

        def requests(self) -> Sequence[TokenClaimsRequest]:
            return super().requests()[1:3]

    install("faulty", _CLAIMS.format(body=body))
    # Little time, so that it takes no longer to take too long.
    rules = HookRules(rules_of(hookspecs.token_claims).budget / 50, OnFailure.SKIP)
    monkeypatch.setattr(hookspecs.token_claims, "authgate_rules", rules)
    with pytest.raises(AssertionError):
        getattr(Contract(), f"test_{promise}")()


_POLICY = """
import asyncio
from authgate.plugin_api import Allow, Deny, hookimpl

plugin_api_version = "1.1"
seen = []

@hookimpl
async def login_policy(request):
    seen.append(request)
    {body}
"""


@pytest.mark.parametrize(
    ("body", "promise"),
    [
        ("return Allow()", "it_does_not_let_everybody_in"),
        ('return Deny("no")', "it_lets_somebody_in"),
        ("return Allow() if request.amr[0] else None", "it_decides_about_everybody"),
        ("return Allow() if sum(range(2_000_000)) else None", "it_takes_little_of_the_time"),
        (
            'await asyncio.sleep(0); return Allow() if seen[-1].connection else Deny("no")',
            "tenants_and_people_at_once_do_not_mix",
        ),
    ],
)
def test_a_faulty_policy_fails_the_test_of_its_fault(
    install: Any, body: str, promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Contract(LoginPolicyContract):
        plugin = "faulty"

        def requests(self) -> Sequence[LoginRequest]:
            return super().requests()[1:3]

    install("faulty", _POLICY.format(body=body))
    rules = HookRules(rules_of(hookspecs.login_policy).budget / 100, OnFailure.REFUSE)
    monkeypatch.setattr(hookspecs.login_policy, "authgate_rules", rules)
    [test] = [each for each in dir(Contract) if each.startswith(f"test_{promise}")]
    with pytest.raises((AssertionError, PluginFailed)):
        getattr(Contract(), test)()


_SHOWN = """
from dataclasses import dataclass
from typing import Annotated
from authgate.plugin_api import Secret, Setting, SetupStep, hookimpl

plugin_api_version = "1.2"

@dataclass(frozen=True)
class Config:
    key: Annotated[Secret, Setting("A key.")]

@hookimpl
def register_config():
    return Config

@hookimpl
def examine_config(config):
    return {body}
"""


@pytest.mark.parametrize(
    ("body", "is_fit"),
    [
        ('[SetupStep(name="Key", passed=False, said="Nobody takes it.")]', True),
        ('[SetupStep(name="Key", passed=False, said=f"No {config.key.reveal()}")]', False),
        ('["nobody takes it"]', False),
    ],
    ids=["a step", "a secret", "no step"],
)
def test_who_shows_a_secret_or_no_step_of_its_settings_is_found(
    install: Any, body: str, is_fit: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    class Contract(LoginPolicyContract):
        plugin = "faulty"
        settings: ClassVar[Mapping[str, object]] = {"key": "the-key-of-acme"}

    install("faulty", _SHOWN.replace("{body}", body))
    found = nullcontext() if is_fit else pytest.raises((AssertionError, PluginFailed))
    with found:
        Contract().test_what_it_finds_of_its_settings_is_fit_and_tells_no_secret(capsys)


def test_good_claims_keep_the_contract(install: Any) -> None:
    class Contract(TokenClaimsContract):
        plugin = "faulty"

    install("faulty", _CLAIMS.format(body='return {"faulty_tenant": request.tenant}'))
    Contract().test_it_has_something_to_say()
    Contract().test_every_claim_is_its_own_to_make()
    Contract().test_it_fails_for_nobody()
    Contract().test_it_takes_little_of_the_time_that_it_has()
    Contract().test_tenants_and_people_at_once_do_not_mix()


_COMMANDS = """
import socket
import typer
from authgate.plugin_api import hookimpl

plugin_api_version = "1.2"
app = typer.Typer()
LENIENT = {{"ignore_unknown_options": True, "allow_extra_args": True}}

@app.command()
def count(): {body}

@hookimpl
def register_commands():
    {registering}
    return app
"""


@pytest.mark.parametrize(
    ("body", "registering", "promise"),
    [
        ("return", "pass", "each_command_says_what_it_is_for"),
        ("'Count.'", "print('hello')", "nothing_happens_before_one_is_typed"),
        (
            "'Count.'",
            "socket.create_connection(('127.0.0.1', 9), 1)",
            "nothing_happens_before_one_is_typed",
        ),
        ("'Count.'", "app.command(context_settings=LENIENT)(count)",
         "an_option_that_there_is_not_is_refused"),
    ],
    ids=["says nothing", "prints", "calls", "takes anything"],
)  # fmt: skip
def test_faulty_commands_fail_the_test_of_their_fault(
    install: Any,
    body: str,
    registering: str,
    promise: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Contract(CommandsContract):
        plugin = "faulty"

    install("faulty", _COMMANDS.format(body=body, registering=registering))
    test = getattr(Contract(), f"test_{promise}")
    with pytest.raises((AssertionError, PluginRefused)):
        test(**({"capsys": capsys} if "nothing" in promise else {}))


_MAIL = """
import logging
from authgate.plugin_api import MailNotSent, MailTaken, hookimpl

plugin_api_version = "1.2"

@hookimpl
async def send_mail(message, http):
    {body}
    return MailTaken()
"""


@pytest.mark.parametrize(
    ("body", "promise"),
    [
        (
            "await http.get('https://elsewhere.example/')",
            "it_hands_over_every_mail",
        ),
        (
            "message.subject.encode('ascii')",
            "it_hands_over_every_mail",
        ),
        (
            "await http.get('https://mail.example/')",
            "a_service_that_has_taken_nothing_keeps_the_mail_waiting",
        ),
        (
            "if not (await http.get('https://mail.example/')).ok:"
            " raise MailNotSent('No.', final=True)",
            "a_service_that_has_taken_nothing_keeps_the_mail_waiting",
        ),
        (
            "try: await http.get('https://mail.example/')\n    except Exception: pass",
            "a_service_that_cannot_be_reached_keeps_the_mail_waiting",
        ),
        (
            "await http.get(f'https://mail.example/?to={{message.recipient}}')",
            "no_address_error_or_log_tells_a_secret_or_what_a_mail_says",
        ),
        (
            "logging.getLogger(__name__).debug(message.text)",
            "no_address_error_or_log_tells_a_secret_or_what_a_mail_says",
        ),
        (
            "raise MailNotSent(f'{{message.recipient}} is not known.')",
            "no_address_error_or_log_tells_a_secret_or_what_a_mail_says",
        ),
    ],
)
def test_faulty_mail_fails_the_test_of_its_fault(
    install: Any, body: str, promise: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Contract(MailContract):
        plugin = "faulty"

    install("faulty", _MAIL.format(body=body.replace("{{", "{").replace("}}", "}")))
    with pytest.raises(AssertionError):
        getattr(Contract(), f"test_{promise}")(
            **({"capsys": capsys} if promise.startswith("no_") else {})
        )


def _by_login(good: Any) -> Methods:
    async def check_password(self: Any, attempt: PasswordAttempt) -> Any:
        found = await good.check_password(self, attempt)
        return replace(found, subject=found.username)

    return {"check_password": check_password}


def _believing(good: Any) -> Methods:
    async def check_password(self: Any, attempt: PasswordAttempt) -> Any:
        return replace(await good.check_password(self, attempt), email_verified=True)

    return {"check_password": check_password}


def _telling_which(good: Any) -> Methods:
    async def check_password(self: Any, attempt: PasswordAttempt) -> Any:
        try:
            return await good.check_password(self, attempt)
        except WrongPassword as error:
            who = "nobody" if attempt.login.startswith("nobody") else "the password"
            raise WrongPassword(f"It is {who}.") from error

    return {"check_password": check_password}


def _asking_twice(good: Any) -> Methods:
    async def check_password(self: Any, attempt: PasswordAttempt) -> Any:
        if attempt.login.startswith("nobody"):
            await self.http.get(self.config.url)
        return await good.check_password(self, attempt)

    return {"check_password": check_password}


def _letting_all_in(good: Any) -> Methods:
    async def check_password(self: Any, attempt: PasswordAttempt) -> Any:
        try:
            return await good.check_password(self, attempt)
        except (ConnectorError, HttpFailure):
            return ExternalIdentity(issuer=self.config.issuer, subject=attempt.login)

    return {"check_password": check_password}


def _saying_the_password(good: Any) -> Methods:
    async def check_password(self: Any, attempt: PasswordAttempt) -> Any:
        try:
            return await good.check_password(self, attempt)
        except ConnectorError:
            raise SignInRefused(f"{attempt.password.reveal()} is wrong.") from None

    return {"check_password": check_password}


def _password_in_the_address(good: Any) -> Methods:
    async def check_password(self: Any, attempt: PasswordAttempt) -> Any:
        await self.http.get(f"{self.config.url}?p={attempt.password.reveal()}")
        return await good.check_password(self, attempt)

    return {"check_password": check_password}


_OF_PASSWORDS: list[tuple[Fault, str]] = [
    (with_a_setting_without_words, "each_setting_says_what_it_means"),
    (blaming_another_setting, "a_setting_that_is_missing_is_refused_by_its_name"),
    (with_a_shown_secret, "a_setting_that_sounds_secret_is_declared_as_one"),
    (_by_login, "who_is_called_otherwise_is_the_same_person"),
    (_believing, "an_address_that_the_directory_has_not_checked_is_not_verified"),
    (_telling_which, "a_wrong_name_and_a_wrong_password_are_refused_alike"),
    (_asking_twice, "a_wrong_name_and_a_wrong_password_are_refused_alike"),
    (_letting_all_in, "nonsense_for_an_answer_lets_nobody_in"),
    (_password_in_the_address, "no_secret_and_no_password_travels_in_an_address"),
]


def passwords_of(fault: Fault = lambda good: {}) -> Any:
    class Contract(PasswordConnectorContract):
        connector = type("Faulty", (HttpApiConnector,), fault(HttpApiConnector))

        def settings(self, directory: Directory) -> dict[str, object]:
            url = f"https://{directory.host}/check"
            return {"url": url, "auth_mode": "hmac", "secret": directory.secret}

    return Contract()


def test_a_faulty_password_connector_fails_the_test_of_its_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for fault, promise in _OF_PASSWORDS:
        getattr(passwords_of(), f"test_{promise}")()
        with pytest.raises(_FOUND):
            getattr(passwords_of(fault), f"test_{promise}")()
    passwords_of().test_no_error_and_no_log_tells_a_password(capsys)
    with pytest.raises(_FOUND):
        passwords_of(_saying_the_password).test_no_error_and_no_log_tells_a_password(capsys)


_SETTINGS = """
from dataclasses import dataclass
from typing import Annotated
from authgate.plugin_api import ConnectorConfigError, Secret, Setting, hookimpl

plugin_api_version = "1.2"

@dataclass(frozen=True)
class Config:
    key: Annotated[Secret, Setting("Its key.")]
    {more}

@hookimpl
def register_config():
    return Config
"""


@pytest.mark.parametrize(
    ("more", "promise"),
    [
        ('host: Annotated[str, Setting("")] = "a"', "each_setting_says_what_it_means"),
        (
            'api_key: Annotated[str, Setting("A key.")] = ""',
            "a_setting_that_sounds_secret_is_declared_as_one",
        ),
        (
            'host: Annotated[str, Setting("A host.")] = "a"',
            "a_setting_that_leads_to_another_host_is_a_place",
        ),
        (
            "def __post_init__(self): self.host.encode('ascii'); int(self.key.reveal()[:0] or 1)\n"
            '    host: Annotated[str, Setting("A host.", place=True)] = "a"',
            "an_odd_value_is_taken_or_refused_by_a_name",
        ),
        (
            "def __repr__(self): return self.key.reveal()",
            "no_secret_is_shown_or_repeated",
        ),
        (
            "def __post_init__(self):\n"
            "        if len(self.key.reveal()) > 99:\n"
            "            raise ConnectorConfigError('key', f'not {self.key.reveal()}')",
            "no_secret_is_shown_or_repeated",
        ),
    ],
)
def test_faulty_settings_fail_the_test_of_their_fault(
    install: Any, more: str, promise: str
) -> None:
    class Contract(SettingsContract):
        plugin = "faulty"
        settings: ClassVar[Mapping[str, object]] = {"key": "a-key-for-tests"}

    if "host:" in more:
        Contract.settings = {**Contract.settings, "host": "letters.example"}
    install("faulty", _SETTINGS.format(more=more))
    with pytest.raises((AssertionError, UnicodeError)):
        getattr(Contract(), f"test_{promise}")()


_PAGE = """
import asyncio, logging
from authgate.plugin_api import ConsolePage, ConsoleText, hookimpl

plugin_api_version = "1.2"
seen = []

@hookimpl
def register_console_pages():
    return [ConsolePage(name="mine", title="Mine")]

@hookimpl
async def console_page(request):
    seen.append(request.tenant)
    {body}
"""


@pytest.mark.parametrize(
    ("body", "promise"),
    [
        ("return []", "each_page_is_shown"),
        ("return [ConsoleText(text=request.tenant)] * 21", "each_page_is_shown"),
        (
            "await asyncio.sleep(0); return [ConsoleText(text=seen[-1])]",
            "tenants_at_once_do_not_mix",
        ),
        (
            "return [ConsoleText(text=str(sum(range(1_000_000))))]",
            "it_takes_little_of_the_time_that_it_has",
        ),
    ],
    ids=["shows nothing", "shows too much", "mixes", "takes long"],
)
def test_a_faulty_page_fails_the_test_of_its_fault(
    install: Any, body: str, promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Contract(ConsolePageContract):
        plugin = "faulty"

    install("faulty", _PAGE.format(body=body))
    rules = HookRules(rules_of(hookspecs.console_page).budget / 50, OnFailure.SKIP)
    monkeypatch.setattr(hookspecs.console_page, "authgate_rules", rules)
    with pytest.raises((AssertionError, PluginFailed)):
        getattr(Contract(), f"test_{promise}")()


_KEYS = """
import hashlib, logging, os
from authgate.plugin_api import hookimpl

plugin_api_version = "1.0"
log = logging.getLogger(__name__)
pad = os.urandom(64)

def mixed(key, salt):
    return bytes(a ^ b for a, b in zip(key, hashlib.shake_256(pad + salt).digest(len(key))))

@hookimpl
def wrap_key(key):
    {wraps}

@hookimpl
def unwrap_key(wrapped):
    {unwraps}
"""
_OWN = "salt = os.urandom(16); return salt + mixed(key, salt)"
_BACK = "return mixed(wrapped[16:], wrapped[:16])"


@pytest.mark.parametrize(
    ("wraps", "unwraps", "promise"),
    [
        ("return b'x' + key", "return wrapped[1:]", "what_is_wrapped_opens_to_the_very_bytes"),
        (_OWN, f"{_BACK}[:-1]", "what_is_wrapped_opens_to_the_very_bytes"),
        (
            "return mixed(key, b'')",
            "return mixed(wrapped, b'')",
            "the_same_key_is_wrapped_in_another_way_each_time",
        ),
        (_OWN, _BACK, "what_was_changed_does_not_open"),
        (
            f"log.debug(repr(key)); {_OWN}",
            "raise ValueError",
            "no_error_and_no_log_tells_the_key",
        ),
    ],
    ids=["in clear", "cut short", "always the same", "opens what was changed", "logs it"],
)
def test_faulty_keys_fail_the_test_of_their_fault(
    install: Any, wraps: str, unwraps: str, promise: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Contract(KeyProviderContract):
        plugin = "faulty"

    install("faulty", _KEYS.format(wraps=wraps, unwraps=unwraps))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Contract(), f"test_{promise}")(
            **({"capsys": capsys} if promise.startswith("no_") else {})
        )


def test_a_policy_that_tells_a_secret_is_found(
    install: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    class Contract(LoginPolicyContract):
        plugin = "faulty"
        settings: ClassVar[Mapping[str, object]] = {"key": "a-key-for-tests"}

    said = "return Deny(f'{config.key.reveal()} does not know you.')"
    hook = f"@hookimpl\nasync def login_policy(request, config):\n    {said}\n"
    source = _SETTINGS.format(more="").replace("import Connector", "import Deny, Connector")
    install("faulty", f"{source}\n{hook}")
    with pytest.raises(AssertionError):
        Contract().test_what_it_tells_and_logs_holds_no_secret(capsys)


def test_what_is_otherwise_at_the_server_is_found(
    install: Any, authgate_database: Path, tmp_path: Path
) -> None:
    class Claims(TokenClaimsContract):
        plugin = "faulty"

    class Policy(LoginPolicyContract):
        plugin = "faulty-policy"

    install("faulty", _CLAIMS.format(body='return {"faulty_x": len(seen)}'))
    wavering = 'return Deny("no") if len(seen) % 2 else Allow()'
    install("faulty-policy", _POLICY.format(body=wavering))
    (tmp_path / "server").mkdir()
    with running(authgate_database, tmp_path / "server") as server:
        with pytest.raises(AssertionError):
            Claims().test_tokens_carry_its_claims_where_it_is_enabled(server)
        with pytest.raises(AssertionError):
            Policy().test_people_sign_in_as_it_says(server)
