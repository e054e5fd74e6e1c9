"""Log lines and measurements as data."""

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
import structlog
from pydantic import SecretStr

from authgate.settings import DatabaseSettings
from authgate.telemetry import logs
from authgate_testing import PostgresServer
from authgate_testing.databases import postgres_settings
from authgate_testing.doors import password_hash

__all__ = ["password_hash"]


@dataclass(frozen=True, slots=True)
class _LogSettings:
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class Written:
    """What was logged."""

    settings: _LogSettings
    handler: logs.LineHandler
    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.text.split("\n")[:-1]]

    @property
    def line(self) -> dict[str, Any]:
        [line] = self.lines
        return line


Configure = Callable[..., Written]


@pytest.fixture
def configured() -> Iterator[Configure]:
    """Begin to log: ``configured(log_format="json", log_level="info")``."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def configure(**chosen: Any) -> Written:
        settings, stream = _LogSettings(**chosen), io.StringIO()
        return Written(settings, logs.configure(settings, stream=stream), stream)

    yield configure
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def written(configured: Configure) -> Written:
    """Everything that the test logs, from ``info`` on, as JSON."""
    return configured()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSettings:
    """A database in which nothing has been made yet, once of each kind."""
    if request.param == "sqlite":
        return DatabaseSettings(url=SecretStr(f"sqlite://{tmp_path}/new.db"))
    request.getfixturevalue("postgres_template")  # who may sign in there is made with it
    server: PostgresServer = request.getfixturevalue("postgres")
    return postgres_settings(server, request.getfixturevalue("postgres_database"))
