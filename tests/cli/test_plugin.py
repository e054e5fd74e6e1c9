"""``authgate plugin``: a plugin is begun and looked at.

That its tests pass and that the demo shows it is in ``tests/architecture/test_wheel.py``.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from authgate.cli.demo.shown_plugins import ShownPlugins
from authgate.cli.plugin.scaffold import Kind
from authgate_testing.command import Cli
from authgate_testing.installed_plugins import put_plugin

_BROKEN = """
from authgate.plugin_api import hookimpl

plugin_api_version = "{version}"

@hookimpl
def {signature}:
    return {{}}
"""


@pytest.fixture
def _paths_as_they_were() -> Iterator[None]:
    before = sys.path[:]
    yield
    sys.path[:] = before


@pytest.mark.parametrize("kind", list(Kind))
def test_a_new_plugin_is_written_in_good_style(command: Cli, tmp_path: Path, kind: Kind) -> None:
    assert command("plugin", "new", kind, "acme-sso").code == 0
    written = {
        path.relative_to(tmp_path / "acme-sso").as_posix()
        for path in (tmp_path / "acme-sso").rglob("*")
        if path.is_file()
    }
    assert {"pyproject.toml", "README.md", ".gitignore", "tests/test_plugin.py"} <= written
    assert {"src/authgate_acme_sso/__init__.py", "src/authgate_acme_sso/py.typed"} <= written
    for words in (["check"], ["format", "--check"]):
        style = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache", "."],
            cwd=tmp_path / "acme-sso", capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert style.returncode == 0, style.stdout


def test_the_longest_name_is_written_in_good_style_too(command: Cli, tmp_path: Path) -> None:
    name = "a" * 36 + "-sso"
    assert command("plugin", "new", "login-connector", name).code == 0
    for words in (["check"], ["format", "--check"]):
        style = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache", "."],
            cwd=tmp_path / name, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert style.returncode == 0, style.stdout


def test_nothing_is_written_over_what_is_there(command: Cli, tmp_path: Path) -> None:
    (tmp_path / "acme-sso").mkdir()
    (tmp_path / "acme-sso" / "mine.txt").write_text("mine")
    ended = command("plugin", "new", "token-claims", "acme-sso")
    assert ended.code == 5
    assert "is there already" in ended.err
    assert [each.name for each in (tmp_path / "acme-sso").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["Acme", "acme_sso", "../acme", "-acme", "acme--sso", "a" * 41])
def test_a_name_that_no_plugin_can_have_is_refused(command: Cli, tmp_path: Path, name: str) -> None:
    ended = command("plugin", "new", "token-claims", "--into", "x", "--", name)
    assert ended.code == 2
    assert "is no name of a plugin" in ended.err
    assert not list(tmp_path.iterdir())


def test_the_name_of_an_installed_plugin_is_refused(command: Cli) -> None:
    ended = command("plugin", "new", "login-connector", "github")
    assert ended.code == 5
    assert "is installed already" in ended.err


def test_a_kind_that_there_is_not_is_refused(command: Cli) -> None:
    assert command("plugin", "new", "teleport", "acme").code == 2


def test_a_folder_without_a_plugin_is_not_tested(command: Cli, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\nversion = "1"\n')
    for folder, said in ((".", "declares no plugin"), ("nowhere", "no pyproject.toml")):
        ended = command("plugin", "test", folder)
        assert ended.code == 2
        assert said in ended.err


@pytest.mark.usefixtures("_paths_as_they_were")
def test_the_pretend_provider_is_where_it_was_so_that_people_are_known_again(
    command: Cli, tmp_path: Path
) -> None:
    assert command("plugin", "new", "login-connector", "acme-sso").code == 0
    hosts = []
    for _ in range(2):
        with closing(ShownPlugins.of([tmp_path / "acme-sso"])) as shown:
            shown.pretend("http://localhost:8080", tmp_path / "pretend")
            assert shown.provider is not None
            hosts.append(shown.provider.host)
    assert hosts[0] == hosts[1]


def test_a_folder_without_a_plugin_is_not_shown(command: Cli) -> None:
    ended = command("demo", "--plugin", ".")
    assert ended.code == 2
    assert "there is no pyproject.toml" in ended.err


def test_the_list_tells_what_is_installed_and_who_has_enabled_it(lite_cli: Cli) -> None:
    assert lite_cli("tenant", "set", "acme", "enabled_plugins=github").code == 0
    assert lite_cli("tenant", "create", "globex").code == 0
    [github] = [
        each for each in lite_cli("plugin", "list", "-o", "json").data if each["plugin"] == "github"
    ]
    assert github["enabled"] == ["acme"]
    assert github["hooks"] == ["register_login_connectors"]
    assert (github["distribution"], github["api"]) == ("authgate", "1.0")


def test_the_list_needs_no_database(command: Cli, tmp_path: Path) -> None:
    ended = command("plugin", "list")
    assert ended.code == 0
    assert "github" in ended.out
    assert "there is no database here" in ended.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("source", "wrong", "cure"),
    [
        (_BROKEN.format(version="1.0", signature="token_claim(request)"), "did you mean", "pip"),
        (_BROKEN.format(version="2.0", signature="token_claims(request)"), "speaks plugin", "pip"),
        ("import no_such_module", "no_such_module", "pip uninstall doctored_plugin"),
        ('plugin_api_version = "1.0"', "takes part in no hook", "@hookimpl"),
        (
            _BROKEN.format(version="1.0", signature="register_login_connectors()"),
            "brings none",
            "returns no classes",
        ),
    ],
    ids=["misspelt", "another version", "no import", "no hook", "no connector"],
)
@pytest.mark.usefixtures("_paths_as_they_were")
def test_the_doctor_names_what_is_wrong_with_a_plugin(
    command: Cli, tmp_path: Path, source: str, wrong: str, cure: str
) -> None:
    site = tmp_path / "site"
    put_plugin(site, "acme", source, module="doctored_plugin")
    sys.path.insert(0, str(site))
    try:
        ended = command("plugin", "doctor")
        told = command("plugin", "doctor", "-o", "json")
    finally:
        sys.modules.pop("doctored_plugin", None)
    assert ended.code == told.code == 6
    assert "✗ acme (doctored_plugin 1.0): " in ended.out
    assert wrong in ended.out
    assert cure in ended.out
    assert [each["plugin"] for each in told.data if each["wrong"]] == ["acme"]
    assert os.listdir(tmp_path) == ["site"]


def test_the_doctor_is_content_with_what_is_bundled(command: Cli) -> None:
    ended = command("plugin", "doctor")
    assert ended.code == 0
    assert "✓ github (authgate " in ended.out
    assert "sign-in by github" in ended.out
