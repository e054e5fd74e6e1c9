"""A service that is asked whether a password is right, by the contract of AuthGate (Go): one that
checks what it is sent, and ones that say whatever they like."""

import hmac
import json
from hashlib import sha256
from typing import Any

import pytest

from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    HttpFailure,
    PasswordAttempt,
    ProviderUnavailable,
    Secret,
    WrongPassword,
)
from authgate.plugin_manager import GuardedHttp
from authgate.pretend.directory import PretendDirectory
from authgate.pretend.host import Answer, Host
from authgate_http_api.connector import HttpApiConnector

PAT = PasswordAttempt(login="pat", password=Secret("correct-horse"))


def connector(host: Host, http: GuardedHttp, **entered: Any) -> HttpApiConnector:
    url = f"https://{host.name}/auth/check?v=2"
    config = HttpApiConnector.parse_config({"url": url} | entered)
    return HttpApiConnector(config=config, http=http)


async def test_who_has_the_password_is_told_by_what_the_service_knows_them_by(
    host: Host, http: GuardedHttp
) -> None:
    host.site = service = PretendDirectory(host=host.name, password="correct-horse")
    made = connector(host, http, auth_mode="hmac", secret=service.secret)
    identity = await made.check_password(PAT)
    assert identity == ExternalIdentity(
        issuer=f"https://{host.name}",
        subject="248289761001",
        username="pat",
        email="pat@people.example",
        email_verified=True,
        name="Pat Example",
        groups=("staff",),
        said=identity.said,
    )
    for login, password in (("pat", "wrong"), ("nobody", "correct-horse")):
        attempt = PasswordAttempt(login=login, password=Secret(password))
        with pytest.raises(WrongPassword):
            await made.check_password(attempt)
    assert len(host.asked) == 3, "what is wrong is asked once"


async def test_the_service_knows_who_asks_as_the_former_server_was_known(
    host: Host, http: GuardedHttp
) -> None:
    host.says(body=b'{"success": true, "user_id": "7"}')
    named = {"auth_mode": "simple", "secret": "s3cret", "header": "X-Our-Key"}
    await connector(host, http).check_password(PAT)
    await connector(host, http, auth_mode="simple", secret="s3cret").check_password(PAT)
    await connector(host, http, **named).check_password(PAT)
    await connector(host, http, auth_mode="hmac", secret="s3cret").check_password(PAT)
    bare, simple, own, signed = host.asked
    assert json.loads(bare.body) == {"username": "pat", "password": "correct-horse"}
    assert bare.headers["content-type"] == "application/json"
    assert not [name for name in bare.headers if name.startswith("x-")]
    assert (simple.headers["x-api-secret"], own.headers["x-our-key"]) == ("s3cret", "s3cret")
    message = f"{signed.headers['x-timestamp']}POST/auth/check?v=2".encode() + signed.body
    assert signed.headers["x-signature"] == hmac.new(b"s3cret", message, sha256).hexdigest()
    assert "s3cret" not in str(signed)


async def test_what_the_former_contract_leaves_out_is_left_out(
    host: Host, http: GuardedHttp
) -> None:
    host.says(body=b'{"success": true, "user_id": 7, "email": "pat@corp.example"}')
    told = await connector(host, http).check_password(PAT)
    assert (told.subject, told.username, told.groups) == ("7", "pat", None)
    assert (told.email, told.email_verified) == ("pat@corp.example", False)
    assert (await connector(host, http, confirms_addresses=True).check_password(PAT)).email_verified


NO = [
    (200, b'{"success": false, "message": "Locked."}'),
    (401, b'{"success": false}'),
    (403, b'{"message": "Disabled."}'),
    (404, b'{"success": false, "user_id": "7"}'),
    (401, b'{"success": true, "message": "No.", "user_id": "7"}'),
    (401, b"<html>Who are you?</html>"),
    (422, b""),
    (423, b"Locked."),
    (429, b"Too many."),
]


async def test_a_service_that_says_no_has_a_wrong_password(host: Host, http: GuardedHttp) -> None:
    for status, body in NO:
        host.says(status=status, body=body)
        with pytest.raises(WrongPassword):
            await connector(host, http).check_password(PAT)
    assert len(host.asked) == len(NO)


NEITHER: list[dict[str, Any]] = [
    {"body": b'{"success": true}'},
    {"body": b'{"success": true, "user_id": ""}'},
    {"body": b'{"success": true, "user_id": true}'},
    {"body": b'{"success": "true", "user_id": "7"}'},
    {"body": b'{"success": true, "user_id": "' + b"7" * 300 + b'"}'},
    {"body": b'{"user_id": "7"}'},
    {"body": b"[]"},
    {"body": b"null"},
    {"body": b"<html>Welcome</html>"},
    {"body": b"[" * 100_000},
    {"status": 302, "headers": {"location": "https://evil.example/"}},
    {"status": 307, "headers": {"location": "/elsewhere"}},
    {"status": 500, "body": b'{"success": true, "user_id": "7"}'},
    {"headers": {"content-encoding": "gzip"}, "body": b"\x1f\x8b"},
    {"never_ends": True, "body": b" " * 65_536},
]


async def test_an_answer_that_says_neither_is_no_wrong_password_and_is_asked_for_once(
    host: Host, http: GuardedHttp
) -> None:
    made = connector(host, http, auth_mode="simple", secret="s3cret")
    for said in NEITHER:
        host.says(**said)
        with pytest.raises((ProviderUnavailable, HttpFailure)) as refused:
            await made.check_password(PAT)
        assert "correct-horse" not in repr(refused.value)
        assert "s3cret" not in repr(refused.value)
    assert len(host.asked) == len(NEITHER)


async def test_who_is_not_there_for_now_is_asked_again(host: Host, http: GuardedHttp) -> None:
    answers = [Answer(status=503), Answer(body=b'{"success": true, "user_id": "7"}')]
    host.site = lambda asked: answers.pop(0)
    assert (await connector(host, http).check_password(PAT)).subject == "7"


async def test_a_service_inside_is_not_reached(host: Host) -> None:
    async with GuardedHttp() as guarded:
        with pytest.raises(HttpFailure):
            await connector(host, guarded).check_password(PAT)
    assert host.asked == []


UNFIT: list[tuple[dict[str, object], str]] = [
    ({"url": "http://check.example/x"}, "url"),
    ({"url": "https://user@check.example/x"}, "url"),
    ({"url": "https://check.example/x#y"}, "url"),
    ({"auth_mode": "basic"}, "auth_mode"),
    ({"auth_mode": "hmac"}, "secret"),
    ({"auth_mode": "simple", "secret": "s", "header": "Host"}, "header"),
    ({"auth_mode": "simple", "secret": "s", "header": "X: y"}, "header"),
]


def test_settings_that_could_not_work_are_refused_by_name() -> None:
    for entered, field in UNFIT:
        with pytest.raises(ConnectorConfigError) as refused:
            HttpApiConnector.parse_config({"url": "https://check.example/x"} | entered)
        assert refused.value.field == field


async def test_its_test_finds_a_service_that_lets_everybody_in(
    host: Host, http: GuardedHttp
) -> None:
    passed = []
    for body in (b'{"success": true, "user_id": "7"}', b'{"success": false}', b"[]"):
        host.says(body=body)
        passed += [each.passed for each in await connector(host, http).examine()]
    assert passed == [False, True, False]
    host.says(status=401)
    [step] = await connector(host, http).examine()
    assert "or to the secret" in step.said
