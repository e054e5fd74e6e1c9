"""Commands run in the process of the tests, on a database of the test's own."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from authgate.cli import command_line
from authgate.settings import DatabaseSettings
from authgate_testing.command import Bring, Cli, Ended, Use
from authgate_testing.installed_plugins import put_plugin


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path) -> Iterator[None]:
    """An empty folder, and no settings but a test's own; what a command sets is taken back.

    After ``monkeypatch``, which is asked for later: what that puts back may be a test's own, too.
    """
    before = dict(os.environ)
    for name in before:
        if name.startswith("AUTHGATE_"):
            del os.environ[name]
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    with chdir(tmp_path):
        yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command line in this process."""

    def run(*words: str, stdin: str = "") -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = command_line.run(words)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


@pytest.fixture
def use() -> Use:
    """Puts a database into the environment."""

    def put(settings: DatabaseSettings) -> None:
        os.environ["AUTHGATE_DATABASE__URL"] = settings.url.get_secret_value()
        if settings.owner_url is not None:
            os.environ["AUTHGATE_DATABASE__OWNER_URL"] = settings.owner_url.get_secret_value()

    return put


@pytest.fixture
def cli(database_settings: DatabaseSettings, use: Use, command: Cli) -> Cli:
    """Runs a command line on each database, migrated and empty."""
    use(database_settings)
    return command


@pytest.fixture
def acme_cli(cli: Cli) -> Cli:
    """The same, with a tenant."""
    assert cli("tenant", "create", "acme").code == 0
    return cli


@pytest.fixture
def lite_cli(sqlite_settings: DatabaseSettings, use: Use, command: Cli) -> Cli:
    """Runs a command line on SQLite, with a tenant: for what is the same on every database."""
    use(sqlite_settings)
    assert command("tenant", "create", "acme").code == 0
    return command


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bring]:
    """Installs plugins for one test."""
    modules: list[str] = []

    def put(name: str, source: str) -> None:
        site = tmp_path / "site" / name
        put_plugin(site, name, source, module=f"brought_{name}")
        monkeypatch.syspath_prepend(str(site))
        modules.append(f"brought_{name}")

    yield put
    for module in modules:
        sys.modules.pop(module, None)
