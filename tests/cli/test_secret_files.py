"""Secrets that the environment hands over as files."""

import os
from pathlib import Path

import pytest

from authgate.settings import Settings
from authgate_testing.command import Cli


def name_file(variable: str, path: Path, content: str) -> None:
    """Let a variable name a file with this content."""
    path.write_text(content)
    os.environ[variable] = str(path)


def test_a_secret_comes_from_the_file_that_its_variable_names(tmp_path: Path) -> None:
    secrets = {
        "AUTHGATE_DATABASE__URL": "postgres://app:one@db/authgate",
        "AUTHGATE_DATABASE__OWNER_URL": "postgres://owner:two@db/authgate",
        "AUTHGATE_REDIS_URL": "redis://:three@cache/0",
        "AUTHGATE_METRICS_TOKEN": "four",
        "AUTHGATE_KEYS__RETIRED_KEKS": '["five", "six"]',
    }
    for variable, secret in secrets.items():
        name_file(f"{variable}_FILE", tmp_path / variable, f"{secret}\n")
    settings = Settings()
    assert settings.database.url.get_secret_value() == "postgres://app:one@db/authgate"
    assert settings.database.owner_url is not None
    assert settings.database.owner_url.get_secret_value() == "postgres://owner:two@db/authgate"
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://:three@cache/0"
    assert settings.metrics_token is not None
    assert settings.metrics_token.get_secret_value() == "four"
    assert [each.get_secret_value() for each in settings.keys.retired_keks] == ["five", "six"]


def test_a_file_goes_before_authgate_toml_as_its_variable_does(tmp_path: Path) -> None:
    (tmp_path / "authgate.toml").write_text("metrics_token = 'of the file'\n[server]\nport = 1\n")
    name_file("AUTHGATE_METRICS_TOKEN_FILE", tmp_path / "token", "of the secret")
    settings = Settings()
    assert settings.metrics_token is not None
    assert settings.metrics_token.get_secret_value() == "of the secret"
    assert settings.server.port == 1


def test_the_file_of_the_key_encryption_key_stays_a_setting(tmp_path: Path) -> None:
    os.environ["AUTHGATE_KEYS__KEK_FILE"] = str(tmp_path / "kek")
    assert Settings().keys.kek is None
    assert Settings().keys.kek_file == tmp_path / "kek"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "AUTHGATE_DATABASE__URL_FILE: cannot read {path}: No such file or directory."),
        (b"", "AUTHGATE_DATABASE__URL_FILE: {path} is empty."),
        (b"\n", "AUTHGATE_DATABASE__URL_FILE: {path} is empty."),
        (b"\xff\xfe", "AUTHGATE_DATABASE__URL_FILE: cannot read {path}: it is no text."),
    ],
    ids=["missing", "empty", "blank", "bytes"],
)
def test_a_file_that_gives_no_secret_is_refused_by_name(
    command: Cli, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "url"
    if content is not None:
        path.write_bytes(content)
    os.environ["AUTHGATE_DATABASE__URL_FILE"] = str(path)
    ended = command("serve")
    assert ended.code == 2
    assert said.format(path=path) in ended.err


def test_a_secret_that_is_given_twice_is_refused_without_being_shown(
    command: Cli, tmp_path: Path
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = "redis://:hunter2@cache"
    name_file("AUTHGATE_REDIS_URL_FILE", tmp_path / "url", "redis://:hunter2@elsewhere")
    ended = command("config", "show")
    assert ended.code == 2
    assert "AUTHGATE_REDIS_URL and AUTHGATE_REDIS_URL_FILE are both set" in ended.err
    assert "hunter2" not in ended.out + ended.err


def test_the_doctor_knows_the_files_of_secrets_and_no_others(command: Cli, tmp_path: Path) -> None:
    name_file("AUTHGATE_METRICS_TOKEN_FILE", tmp_path / "token", "token")
    os.environ["AUTHGATE_LOG_LEVEL_FILE"] = "x"
    named = [each["found"] for each in command("doctor", "-o", "json").data]
    assert "AUTHGATE_LOG_LEVEL_FILE: did you mean AUTHGATE_LOG_LEVEL?" in named
    assert not [each for each in named if "METRICS_TOKEN" in each]
