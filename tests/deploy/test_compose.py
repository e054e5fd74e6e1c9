"""The compose file: every service closed in, every secret a file, nothing by default."""

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from authgate import __version__
from authgate.cli.command_line import COMMANDS
from authgate.jobs.job import JOB_SECONDS
from authgate.serving import supervisor
from authgate.settings import Settings
from authgate_tenants.key_encryption import KeyEncryptionKey

OURS = ("migrate", "serve", "worker", "beat")
_UNREAD = {"migrate": {"AUTHGATE_KEYS__KEK_FILE"}}
"""Nothing is sealed by a migration."""

Compose = dict[str, Any]


def test_there_is_everything_that_an_installation_needs(compose: Compose) -> None:
    services = compose["services"]
    assert {"postgres", "redis", "owner", *OURS} == set(services)
    assert [services[name]["command"][0] for name in OURS] == list(OURS)
    assert set(OURS) <= set(COMMANDS)


def test_every_image_is_pinned(compose: Compose) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}
    assert {images[name] for name in OURS} == {f"authgate:{__version__}"}
    assert all(re.search(r":\d", image) for image in images.values())
    [built] = [service for service in compose["services"].values() if "build" in service]
    assert built["build"] == {"context": "..", "dockerfile": "deploy/Dockerfile"}


def test_every_service_is_closed_in(compose: Compose) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service
        if name != "postgres":  # becomes its own user itself
            assert service["user"].startswith("${SECRETS_OWNER:?")
            assert "cap_add" not in service


def test_one_port_is_published_and_only_to_this_machine(compose: Compose) -> None:
    services = compose["services"].items()
    published = {name: service["ports"] for name, service in services if "ports" in service}
    assert published == {"serve": ["127.0.0.1:8080:8080"]}
    assert compose["networks"]["inside"] == {"internal": True}
    for name, service in compose["services"].items():
        outside = ["outside"] if name == "serve" else []
        assert service["networks"] == ["inside", *outside]


def test_the_gateway_of_the_published_port_is_the_trusted_proxy(compose: Compose) -> None:
    [configuration] = compose["networks"]["outside"]["ipam"]["config"]
    trusted = compose["services"]["serve"]["environment"]["AUTHGATE_SERVER__TRUSTED_PROXIES"]
    assert trusted == f'["{configuration["gateway"]}"]'


def test_every_secret_is_a_file_and_given_to_who_needs_it(compose: Compose) -> None:
    given = {name: set(service["secrets"]) for name, service in compose["services"].items()}
    assert set().union(*given.values()) == set(compose["secrets"])
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    assert "owner_url" not in set().union(*(given[name] for name in ("serve", "worker", "beat")))
    assert given["beat"] == {"redis_url", "kek"}
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"PASSWORD$|TOKEN$|KEK$|(?<!BASE)_URL$", variable)
            if str(value).startswith("/run/secrets/") and variable not in _UNREAD.get(name, ()):
                assert value.removeprefix("/run/secrets/") in given[name]


def test_what_has_to_be_chosen_has_no_default(compose: Compose, repository: Path) -> None:
    text = (repository / "deploy/compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked == {"SECRETS_OWNER", "AUTHGATE_BASE_URL"}
    assert set(re.findall(r"\$\{\w+(:\?)", text)) == {":?"}
    assert all(
        service["environment"]["AUTHGATE_PROFILE"] == "prod"
        for name, service in compose["services"].items()
        if name in OURS
    )


def test_every_variable_is_a_setting(compose: Compose, variables: set[str]) -> None:
    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= variables


def test_every_service_that_stays_is_checked_and_starts_again(compose: Compose) -> None:
    for name, service in compose["services"].items():
        if name in ("owner", "migrate"):
            assert service["restart"] == "on-failure"
        else:
            assert service["restart"] == "unless-stopped"
            # Without a check of its own the image's holds.
            assert name in OURS or "test" in service["healthcheck"]
    for name in ("worker", "beat"):
        assert "AUTHGATE_JOBS__HEARTBEAT_FILE" in compose["services"][name]["environment"]


def test_nobody_starts_before_what_it_needs(compose: Compose) -> None:
    waits = {
        name: {needed: how["condition"] for needed, how in service["depends_on"].items()}
        for name, service in compose["services"].items()
        if "depends_on" in service
    }
    assert waits["owner"] == {"postgres": "service_healthy"}
    assert waits["migrate"] == {"owner": "service_completed_successfully"}
    for name in ("serve", "worker", "beat"):
        assert waits[name] == {
            "migrate": "service_completed_successfully",
            "redis": "service_healthy",
        }


def test_everybody_has_the_time_to_leave(compose: Compose) -> None:
    times = {
        name: int(service["stop_grace_period"].removesuffix("s"))
        for name, service in compose["services"].items()
        if name in ("serve", "worker")
    }
    drain = Settings.model_fields["server"].default.drain_seconds
    assert times["serve"] > drain + supervisor._KILL_AFTER_SECONDS
    assert times["worker"] > JOB_SECONDS + 10


@pytest.fixture
def made(repository: Path, tmp_path: Path) -> Path:
    """What ``deploy/make-secrets`` makes."""
    shutil.copy(repository / "deploy/make-secrets", tmp_path)
    subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)
    return tmp_path


def test_the_secrets_are_all_made_and_read_by_nobody_else(made: Path, compose: Compose) -> None:
    for secret in compose["secrets"].values():
        path = made / secret["file"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text()
    assert stat.S_IMODE((made / "secrets").stat().st_mode) == 0o700
    KeyEncryptionKey.from_text((made / "secrets/kek").read_text())
    owner = (made / "secrets/kek").stat()
    assert (made / ".env").read_text() == f"SECRETS_OWNER={owner.st_uid}:{owner.st_gid}\n"
    assert owner.st_uid > 0


def test_no_two_secrets_are_the_same_and_a_second_run_changes_none(made: Path) -> None:
    before = {file.name: file.read_text() for file in (made / "secrets").iterdir()}
    assert len(set(before.values())) == len(before)
    subprocess.run([made / "make-secrets"], check=True, capture_output=True)
    assert {file.name: file.read_text() for file in (made / "secrets").iterdir()} == before
    assert len((made / ".env").read_text().splitlines()) == 1


def test_what_is_made_is_kept_out_of_the_history(repository: Path) -> None:
    for private in ("deploy/secrets/kek", "deploy/.env"):
        ignored = subprocess.run(
            ["git", "check-ignore", "--quiet", private], cwd=repository, check=False
        )
        assert ignored.returncode == 0, private
