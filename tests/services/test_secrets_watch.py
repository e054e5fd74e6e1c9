"""The watch for secrets finds what is planted for it, says where, and never says what."""

import base64
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from authgate_testing.secrets_watch.watch import Watch

SECRET = f"agsec_{secrets.token_urlsafe(32)}"
PASSWORD = "tr0ub4dor & drei + größer"
CODE = "BCDF-GHJK"

FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda secret: secret,
    "in a URL": lambda secret: quote(secret, safe="").encode(),
    "base64": base64.b64encode,
    "base64 with something before it": lambda secret: base64.b64encode(b"client:" + secret),
    "base64 with more before it": lambda secret: base64.b64encode(b"a client:" + secret),
    "base64 of URLs": lambda secret: base64.urlsafe_b64encode(b"?>" + secret + b"?>"),
    "hexadecimal digits": lambda secret: secret.hex().encode(),
    "capital hexadecimal digits": lambda secret: secret.hex().upper().encode(),
}


@pytest.fixture
def watch() -> Watch:
    """One of the test's own."""
    return Watch()


@pytest.mark.parametrize(
    "secret",
    [SECRET, PASSWORD, CODE, "a" + "0123456789abcdef" * 40],
    ids=["random", "a password", "a code", "long"],
)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_known_in_each_of_its_forms(
    watch: Watch, form: Callable[[bytes], bytes], secret: str
) -> None:
    watch.note("secret", secret)
    watch.read("log: a", b'{"event":"it was ' + form(secret.encode()) + b' again"}')
    [leak] = watch.leaks()
    assert (leak.kind, leak.place) == ("secret", "log: a")


def test_a_secret_that_was_cut_is_known(watch: Watch) -> None:
    watch.note("secret", SECRET)
    watch.read("log: a", f"value={SECRET[:30]}…")
    assert len(watch.leaks()) == 1


def test_a_key_that_was_made_of_bytes_is_known(watch: Watch) -> None:
    key = os.urandom(32)
    watch.note("key", key)
    watch.read("log: a", base64.urlsafe_b64encode(key).rstrip(b"="))
    assert len(watch.leaks()) == 1


@pytest.mark.parametrize(
    "secret",
    [b"k\xe9y" + os.urandom(29), "süße Esel, 2 Öfen".encode(), b"of\xff it is", b"2 dogs, 7 cats"],
    ids=["bytes", "other letters", "few bytes", "words"],
)
def test_a_secret_of_anything_but_long_words_is_known_as_it_is(watch: Watch, secret: bytes) -> None:
    watch.note("secret", secret)
    watch.note("another secret", secret.swapcase())
    watch.read("log: a", "für ".encode() + secret + "über".encode())
    assert [leak.kind for leak in watch.leaks()] == ["secret"]


def test_other_secrets_are_not_taken_for_it(watch: Watch) -> None:
    for _ in range(500):
        watch.note("secret", secrets.token_urlsafe(32))
    watch.read("log: a", "\n".join(secrets.token_urlsafe(32) for _ in range(5_000)))
    watch.read("log: a", "GET /t/acme/oauth/token device_code password correct authgate_session")
    assert watch.leaks() == []


@pytest.mark.parametrize("word", ["", "short", "password", "aaaaaaaaaaaaaaaa"])
def test_what_could_be_any_word_is_not_watched_for(watch: Watch, word: str) -> None:
    watch.note("password", word)
    watch.read("log: a", f"the word {word} is in here")
    assert watch.leaks() == []


def test_what_is_issued_after_it_was_read_is_found_at_the_end(watch: Watch) -> None:
    watch.test = "test_early"
    watch.read("log: a", f"value={SECRET}")
    assert watch.leaks() == []
    watch.test = "test_late"
    watch.note("client secret", SECRET)
    assert watch.leaks() == []
    [leak] = watch.all_leaks()
    assert str(leak) == "client secret of test_late in log: a, during test_early"


LEAKY = '''
"""Tests that leak, each in one place."""

import json, logging, subprocess, sys
from pathlib import Path

import httpx2, pytest, redis

from authgate.accounts.passwords import Passwords
from authgate.settings import Settings
from authgate.storage.clients import secrets as client_secrets
from authgate.telemetry import metrics
from authgate.telemetry.logs import LineHandler

ISSUED = Path("issued")

def issued(secret):
    with ISSUED.open("a") as file:
        file.write(secret + "\\n")
    return secret

def test_nothing_leaks(capsys):
    issued(client_secrets.new_secret())
    LineHandler(logging.Formatter(), None).write("a line\\n")
    print("on standard output", client_secrets.new_secret())

def test_in_a_log():
    LineHandler(logging.Formatter(), None).write(issued(client_secrets.new_secret()))

def test_on_standard_error():
    print(issued(client_secrets.new_secret()), file=sys.stderr)

def test_on_standard_error_that_was_looked_at(capsys):
    print(issued(client_secrets.new_secret()), file=sys.stderr)
    assert capsys.readouterr().err

def test_in_the_log_of_a_process(tmp_path):
    program = f"import sys; print({issued(client_secrets.new_secret())!r}, file=sys.stderr)"
    with (tmp_path / "log").open("w") as log:
        subprocess.run([sys.executable, "-c", program], stderr=log, check=True)

def test_on_the_standard_error_of_a_process():
    program = f"import sys; print({issued(client_secrets.new_secret())!r}, file=sys.stderr)"
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

def answering(**options):
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, **options))
    return httpx2.Client(transport=transport, base_url="http://localhost")

def test_in_measurements():
    secret = issued(client_secrets.new_secret())
    with answering(content=f'requests{{client="{secret}"}} 1') as http:
        http.get("/metrics")

def test_an_answer_that_is_logged():
    token = issued("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImp0aSI6Ijk4NzY1NDMyMSJ9.c2lnbmF0dXJl")
    with answering(json={"access_token": token}) as http:
        http.post("/oauth/token")
    LineHandler(logging.Formatter(), None).write(f"got {token}")

def test_a_cookie_that_is_logged():
    key = issued("k3yOf4S3ss10nThatNobodyKnows")
    with answering(headers={"set-cookie": f"authgate_session={key}; HttpOnly"}) as http:
        http.get("/login")
    LineHandler(logging.Formatter(), None).write(f"set {key}")

async def test_a_password_that_is_logged():
    password = issued("a horse, a battery and 2 staples")
    passwords = Passwords(threads=1)
    await passwords.hash(password)
    passwords.close()
    LineHandler(logging.Formatter(), None).write(f"hashed {password!r}")

def test_a_setting_that_is_logged():
    password = issued("p4sswordOfTheDatabase")
    Settings(database={"url": f"postgres://app:{password}@localhost/authgate"})
    LineHandler(logging.Formatter(), None).write(f"connected with {password}")

def test_in_a_key_of_redis(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"limit:{issued(client_secrets.new_secret())}", 1)
        client.delete("other")

def test_in_a_value_of_redis(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.set("seen", issued(client_secrets.new_secret()), ex=1)

OF_ALL = []

def test_says_it_later():
    OF_ALL.append(issued(client_secrets.new_secret()))

def test_the_end():
    LineHandler(logging.Formatter(), None).write(OF_ALL[0])
'''
SETUP = """
pytest_plugins = ["authgate_testing.fixtures", "authgate_testing.secrets_watch.plugin"]
"""


def test_a_planted_leak_fails_its_test_and_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(SETUP)
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = ended.stdout
    tests = re.findall(r"^(?:async )?def (test_\w+)", LEAKY, re.MULTILINE)
    caught = set(re.findall(r"ERROR test_leaky\.py::(test_\w+)", told))
    assert caught == set(tests) - {"test_nothing_leaks", "test_says_it_later"}, told
    assert f"{len(tests)} passed, {len(caught)} errors" in told
    issued = (tmp_path / "issued").read_text().splitlines()
    assert len(issued) == len(tests) - 1  # the last says what another one was given
    assert [each for each in issued if each in told + ended.stderr] == []
    assert "client secret of test_leaky.py::test_says_it_later in log: of this process" in told
