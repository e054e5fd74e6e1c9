"""``authgate config show``."""

import os

from authgate_testing.command import Cli


def test_every_setting_is_shown_with_where_it_comes_from(command: Cli) -> None:
    os.environ["AUTHGATE_SERVER__PORT"] = "9000"
    shown = {each["setting"]: each for each in command("config", "show", "-o", "json").data}
    assert shown["server.port"] == {"setting": "server.port", "value": 9000, "from": "chosen"}
    assert shown["server.workers"]["from"] == "default"
    assert shown["limits.login_per_ip"]["value"] == "20/min burst 10"
    assert "server.port" in command("config", "show").out


def test_secrets_are_masked(command: Cli) -> None:
    secrets = {
        "AUTHGATE_DATABASE__URL": "postgres://app:hunter2@db:5432/authgate?password=hunter2",
        "AUTHGATE_REDIS_URL": "redis://:hunter2@cache:6379/0",
        "AUTHGATE_KEYS__KEK": "hunter2://hunter2",
        "AUTHGATE_KEYS__RETIRED_KEKS": '["hunter2"]',
        "AUTHGATE_METRICS_TOKEN": "hunter2:hunter2",
    }
    os.environ.update(secrets)
    for output in ("table", "json"):
        assert "hunter2" not in command("config", "show", "-o", output).out
    shown = {
        each["setting"]: each["value"] for each in command("config", "show", "-o", "json").data
    }
    assert shown["database.url"] == "postgres://app:***@db:5432/authgate"
    assert shown["redis_url"] == "redis://:***@cache:6379/0"
    assert shown["keys.kek"] == "***"
