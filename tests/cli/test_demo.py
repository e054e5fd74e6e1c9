"""``authgate demo`` and ``authgate login``: from an empty folder to a person who is signed in."""

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from authgate.cli.demo import demo
from authgate.cli.demo.site import FILE, DemoSite
from authgate.settings import Settings
from authgate.storage.sqlite import service_lock
from authgate_testing.command import Cli
from authgate_testing.demo import Demo, demo_running, environment, run
from authgate_testing.processes import free_port


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that the tests of this module share."""
    with demo_running(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


def test_the_demo_tells_where_to_go_and_how_to_get_in(running_demo: Demo) -> None:
    lines = running_demo.banner.splitlines()
    assert lines[0] == "AuthGate demo is up"
    for slug, access in running_demo.site.tenants.items():
        assert f"http://localhost:{running_demo.port}/t/{slug}/login" in running_demo.banner
        assert access.username in running_demo.banner
        assert access.password in running_demo.banner
        assert access.machine_secret not in running_demo.banner
    assert max(map(len, lines)) < 80


def test_its_secrets_are_nobody_else_s_to_read(running_demo: Demo) -> None:
    for name in (".authgate/demo.json", ".authgate/kek", ".authgate/authgate.db", ".authgate"):
        mode = stat.S_IMODE((running_demo.folder / name).stat().st_mode)
        assert mode & 0o077 == 0, name
    database = (running_demo.folder / ".authgate/authgate.db").read_bytes()
    for access in running_demo.site.tenants.values():
        assert access.password.encode() not in database
        assert access.machine_secret.encode() not in database


def test_one_command_proves_the_whole_flow(running_demo: Demo) -> None:
    ended = run(running_demo.folder, "login", "--demo", "--headless")
    assert ended.stderr == ""
    assert ended.stdout == (
        "✓ Signed in as mira@northwind.example (openid profile email read write)\n"
    )
    assert ended.returncode == 0


def test_any_tenant_is_signed_in_to_by_its_issuer(running_demo: Demo) -> None:
    access = running_demo.site.tenants["globex"]
    ended = run(
        running_demo.folder, "login", running_demo.site.issuer("globex"),
        "--client-id", "demo-cli", "--scope", "openid", "--headless",
        "--username", access.username, "--password-stdin", "-o", "json",
        stdin=f"{access.password}\n",
    )  # fmt: skip
    assert ended.returncode == 0
    told = json.loads(ended.stdout)
    assert told["scope"] == "openid"
    assert told["user"]["iss"] == running_demo.site.issuer("globex")


def test_one_tenant_s_password_opens_no_other(running_demo: Demo) -> None:
    access = running_demo.site.tenants["globex"]
    ended = run(
        running_demo.folder, "login", "--headless",
        "--username", access.username, "--password-stdin", stdin=access.password,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == (
        "authgate: The sign-in page does not take the user name and password.\n"
    )


def test_the_machine_client_gets_a_token(running_demo: Demo) -> None:
    answer = httpx2.post(
        f"{running_demo.site.issuer('northwind')}/oauth/token",
        auth=("demo-machine", running_demo.site.tenants["northwind"].machine_secret),
        data={"grant_type": "client_credentials", "scope": "read"},
    )
    assert answer.json()["scope"] == "read"


def test_the_other_commands_work_beside_the_demo(
    running_demo: Demo, command: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running_demo.folder)
    slugs = [tenant["slug"] for tenant in command("tenant", "list", "-o", "json").data]
    assert slugs == ["globex", "northwind"]
    refused = run(running_demo.folder, "demo")
    assert refused.returncode == 5
    assert "is in use by process" in refused.stderr


def test_a_device_waits_for_its_person(running_demo: Demo) -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-m", "authgate", "login"],
        cwd=running_demo.folder, env=environment(), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert waiting.stderr is not None
    said = [waiting.stderr.readline() for _ in range(7)]
    waiting.send_signal(2)
    assert said[1].strip() == f"http://localhost:{running_demo.port}/t/northwind/device"
    assert said[6].startswith("waiting for approval, 14:5")
    assert waiting.wait(timeout=10) == 130
    assert waiting.stderr.read() == ""
    waiting.stderr.close()


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        yield port


def test_a_taken_port_is_passed_over_and_a_reset_begins_anew(
    taken_port: int, tmp_path: Path
) -> None:
    words = ("demo", "--headless", "--port", str(taken_port))
    first = run(tmp_path, *words)
    assert first.returncode == 0, first.stderr
    assert f"Port {taken_port} is taken; this is the next free one." in first.stdout
    before = DemoSite.remembered(tmp_path / FILE)
    assert before is not None
    chosen = urlsplit(before.base_url).port
    assert chosen is not None
    assert taken_port < chosen < taken_port + 20
    assert f"{before.base_url}/t/northwind/login" in first.stdout
    assert first.stdout.endswith("(openid profile email read write)\n")
    second = run(tmp_path, *words, "--reset")
    assert second.returncode == 0, second.stderr
    assert "✓ Delete .authgate/authgate.db" in second.stderr
    after = DemoSite.remembered(tmp_path / FILE)
    assert after is not None
    assert before.tenants["northwind"].password != after.tenants["northwind"].password


def prepared() -> DemoSite:
    """What a start finds or makes."""
    return asyncio.run(demo.prepared(Settings()))


def test_a_second_start_keeps_everything(command: Cli) -> None:
    first = prepared()
    events = command("audit", "tail", "-n", "100", "-o", "json").data
    assert prepared() == first
    assert command("audit", "tail", "-n", "100", "-o", "json").data == events


def test_lost_passwords_are_replaced(command: Cli) -> None:
    first = prepared()
    FILE.unlink()
    second = prepared()
    assert first.tenants["globex"].password != second.tenants["globex"].password
    kinds = [each["event_type"] for each in command("audit", "tail", "-o", "json").data]
    assert kinds.count("USER_PASSWORD_RESET") == kinds.count("CLIENT_SECRET_REGENERATED") == 2


@pytest.mark.parametrize("text", ["", "{}", '{"base_url": "x", "tenants": {"globex": {}}}'])
def test_passwords_that_cannot_be_read_are_replaced(text: str) -> None:
    first = prepared()
    FILE.write_text(text)
    assert prepared().tenants["globex"].password != first.tenants["globex"].password


def test_a_start_that_was_interrupted_is_finished_by_the_next(command: Cli) -> None:
    assert command("migrate").code == 0
    assert command("tenant", "create", "northwind").code == 0
    prepared()
    for slug in ("northwind", "globex"):
        assert len(command("user", "list", "-t", slug, "-o", "json").data) == 1
        assert len(command("client", "list", "-t", slug, "-o", "json").data) == 2


def test_a_reset_deletes_nothing_but_a_demo(command: Cli, tmp_path: Path) -> None:
    assert command("migrate").code == 0
    ended = command("demo", "--reset", "--port", str(free_port()))
    assert ended.code == 5
    assert "was not made by the demo" in ended.err
    assert (tmp_path / ".authgate/authgate.db").exists()


def test_a_running_service_keeps_its_database(command: Cli) -> None:
    prepared()
    with service_lock.held(Settings().database):
        ended = command("demo", "--reset", "--port", str(free_port()))
    assert ended.code == 5
    assert FILE.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"PROFILE": "prod", "BASE_URL": "https://login.example.com"},
            "The demo is not for the prod profile.",
        ),
        (
            {"DATABASE__URL": "postgres://app@db/authgate"},
            "The demo is kept in SQLite: unset AUTHGATE_DATABASE__URL.",
        ),
    ],
    ids=["prod", "postgres"],
)
def test_the_demo_refuses_a_real_installation(
    command: Cli, settings: dict[str, str], said: str
) -> None:
    for name, value in settings.items():
        os.environ[f"AUTHGATE_{name}"] = value
    ended = command("demo")
    assert ended.code == 2
    assert ended.err == f"authgate: {said}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name an issuer, or start a demo in this folder"),
        (("--demo", "http://localhost/t/x"), "Either --demo or an issuer"),
        (("localhost/t/x", "--client-id", "x"), "'localhost/t/x' is not an address such as"),
        (("http://id.example/t/x",), "http://id.example/t/x is not https, and anybody on the way"),
        (("https://id.example", "--issuer", "https://id.example"), "Name the issuer once."),
        (("http://localhost/t/x", "--client-id", "x", "--headless"), "--headless needs"),
        (("--username", "mira"), "--username goes with --headless and --password-stdin."),
    ],
)
def test_a_sign_in_that_makes_no_sense_is_refused(
    command: Cli, words: tuple[str, ...], said: str
) -> None:
    ended = command("login", *words)
    assert ended.code == 2
    assert ended.err.startswith(f"authgate: {said}")


def test_an_issuer_that_is_away_is_unhealthy(command: Cli) -> None:
    ended = command("login", f"http://localhost:{free_port()}/t/x", "--client-id", "x")
    assert ended.code == 6
    assert ended.err.startswith("authgate: Nobody answers at http://localhost:")
