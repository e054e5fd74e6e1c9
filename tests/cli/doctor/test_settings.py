"""``authgate doctor`` on settings: their names, their values, their files."""

import os
import sys
from pathlib import Path

import pytest

from authgate_testing.doctor import Doctor
from authgate_testing.places_file import write_places


def test_misspelt_settings_are_named_with_the_nearest_right_one(
    doctor: Doctor, tmp_path: Path
) -> None:
    os.environ["AUTHGATE_DATABSE__URL"] = "postgres://hunter2@db/authgate"
    os.environ["AUTHGATE_SERVER__PROT"] = "1"
    (tmp_path / "authgate.toml").write_text("[limits]\nlogin_per_pi = '1/s burst 1'\n")
    doctor.finds("unknown-setting", "unknown-setting", "unknown-setting")
    ended = doctor.command("doctor", "--json")
    assert [each["found"] for each in ended.data] == [
        "AUTHGATE_DATABSE__URL: did you mean AUTHGATE_DATABASE__URL?",
        "AUTHGATE_SERVER__PROT: did you mean AUTHGATE_SERVER__PORT?",
        "limits.login_per_pi in authgate.toml: did you mean limits.login_per_ip?",
    ]
    assert "hunter2" not in ended.out


def test_a_variable_that_is_no_setting_is_found_where_all_else_is_well(dev: Doctor) -> None:
    os.environ["AUTHGATE_QWERTYUIOP"] = "1"
    assert dev.finds("unknown-setting")["found"] == "AUTHGATE_QWERTYUIOP"


@pytest.mark.parametrize(
    ("toml", "code", "found"),
    [
        ("[server]\nport = 'many'\n", "invalid-setting", "server.port: Input should be a valid"),
        ("base_url = 'ftp://x'\n", "invalid-setting", "base_url: must be an http or https URL"),
        ("base_url = 'http://x:0'\n", "invalid-setting", "base_url: must be scheme, host and port"),
        (
            "base_domain = 'https://login.example.com'\n",
            "invalid-setting",
            "base_domain: must be a host",
        ),
        (
            "[server]\ntrusted_proxies = ['proxy.example']\n",
            "invalid-setting",
            "server.trusted_proxies: 'proxy.example' does not appear to be",
        ),
        ("[jobs]\nrunner = 'celery'\n", "invalid-setting", "jobs.runner is celery: set redis_url"),
        ("[server]\nworkers = 2\n", "sqlite-several-workers", "SQLite takes one worker"),
        ("[server\n", "unreadable-settings", "Expected ']'"),
    ],
)
def test_settings_that_do_not_fit_are_found(
    doctor: Doctor, tmp_path: Path, toml: str, code: str, found: str
) -> None:
    (tmp_path / "authgate.toml").write_text(toml)
    assert doctor.finds(code)["found"].startswith(found)


def test_a_list_that_is_no_json_is_found(doctor: Doctor) -> None:
    os.environ["AUTHGATE_SERVER__TRUSTED_PROXIES"] = "10.0.0.1"
    assert "server" in doctor.finds("unreadable-settings")["found"]


@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
def test_a_secret_that_cannot_be_read_is_found(
    doctor: Doctor, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    os.environ["AUTHGATE_METRICS_TOKEN_FILE"] = str(file)
    assert str(file) in doctor.finds("unreadable-secret-file")["found"]


def test_a_secret_s_file_that_others_may_read_is_found(dev: Doctor, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("4cc1cebf7b9fd1f0dc0c6e6e0f7f93d2\n")
    file.chmod(0o600)
    os.environ["AUTHGATE_METRICS_TOKEN_FILE"] = str(file)
    dev.finds()
    file.chmod(0o644)
    found = dev.finds("exposed-secret-file")
    assert found["found"] == f"{file} has mode 0644"
    assert f"chmod 600 {file}" in found["cure"]


def test_a_file_of_settings_that_others_may_read_is_found_where_it_holds_secrets(
    dev: Doctor, tmp_path: Path
) -> None:
    file = tmp_path / "authgate.toml"
    file.write_text("[server]\nbody_seconds = 5\n")
    file.chmod(0o644)
    dev.finds()
    file.write_text("metrics_token = '4cc1cebf7b9fd1f0dc0c6e6e0f7f93d2'\n")
    dev.finds("exposed-settings")
    file.chmod(0o600)
    dev.finds()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("BASE_URL", "https://0.0.0.0:{port}"), ("SERVER__HOST", "0.0.0.0")],  # noqa: S104
)
def test_the_dev_profile_where_others_can_come_is_found(
    dev: Doctor,
    https_issuer: str,
    long_certificate: tuple[Path, Path],
    variable: str,
    value: str,
) -> None:
    os.environ["SSL_CERT_FILE"] = str(long_certificate[0])
    port = https_issuer.rpartition(":")[2]
    os.environ[f"AUTHGATE_{variable}"] = value.format(port=port)
    dev.finds("dev-profile")


def test_debug_logs_of_an_installation_for_others_are_found(prod: Doctor) -> None:
    os.environ["AUTHGATE_LOG_LEVEL"] = "debug"
    prod.finds("debug-logs")


def test_a_file_of_places_that_cannot_be_read_or_is_old_is_found(
    dev: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "places.mmdb"
    os.environ["AUTHGATE_GEOIP_FILE"] = str(file)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "maxminddb", None)
        assert dev.finds("places-unreadable")["found"] == "the extra geoip is not installed"
    assert "No such file" in dev.finds("places-unreadable")["found"]
    file.write_text("no places")
    assert "no file of places" in dev.finds("places-unreadable")["found"]
    file.unlink()
    write_places(file, {"192.0.2.0/24": {"country": {"names": {"en": "Norway"}}}})
    assert dev.finds("places-stale")["found"] == f"{file}, of 1970-01-01"


def test_stolen_passwords_that_nobody_is_asked_about_are_found(dev: Doctor) -> None:
    assert dev.command("tenant", "set", "acme", "breached_password_check=true").code == 0
    os.environ["AUTHGATE_EGRESS__BREACHED_PASSWORDS_URL"] = ""
    assert dev.finds("breached-passwords-nowhere")["found"] == "acme wants it"
    # An address of this machine, where no request of a tenant goes.
    os.environ["AUTHGATE_EGRESS__BREACHED_PASSWORDS_URL"] = "https://localhost:9/"
    assert dev.finds("breached-passwords-unanswered")["found"] == "https://localhost:9/"


def test_debug_logs_of_a_developer_are_well(dev: Doctor) -> None:
    os.environ["AUTHGATE_LOG_LEVEL"] = "debug"
    dev.finds()


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("changeme", "placeholder-secret"),
        ("your-secret-key-please-change-me", "placeholder-secret"),
        ("s3cr3t", "weak-secret"),
        ("abababababababababababab", "weak-secret"),
    ],
)
def test_tokens_that_can_be_guessed_are_found(prod: Doctor, token: str, code: str) -> None:
    os.environ["AUTHGATE_METRICS_TOKEN"] = token
    assert prod.finds(code)["found"] == "metrics_token"


def test_a_password_of_the_database_that_can_be_guessed_is_found(prod: Doctor) -> None:
    os.environ["AUTHGATE_DATABASE__OWNER_URL"] = "postgres://authgate_owner:changeme@db/authgate"
    assert prod.finds("placeholder-secret", "owner-at-hand")["found"] == (
        "the password in database.owner_url"
    )


def test_the_owner_of_the_tables_beside_a_server_is_found(prod: Doctor) -> None:
    url = os.environ["AUTHGATE_DATABASE__URL"]
    os.environ["AUTHGATE_DATABASE__OWNER_URL"] = url.replace("authgate_app", "authgate_owner")
    prod.finds("owner-at-hand")
