"""Whatever a page names exists: commands, options, targets of make, settings, measurements."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from authgate.cli.command_line import COMMANDS
from authgate.cli.doors import administered
from authgate.telemetry.families import REGISTRY
from authgate_tenants.settings import TenantSettings

_TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
_OF_A_PLUGIN = "acme"
"""Pages show with this one how plugins bring commands."""

_CALLED = re.compile(r"(?:^|[\s/|])authgate((?: +[a-z][a-z-]*){1,3})((?: +[^\s#|]+)*)")


@pytest.fixture(scope="session")
def options(reference: ModuleType) -> dict[str, set[str]]:
    """The options of each command."""
    return {
        path: {name for each in command.params for name in each.opts}
        for path, command in reference.every_command()
    }


def _called(code: list[str]) -> Iterator[tuple[str, str]]:
    for line in code:
        for words, rest in _CALLED.findall(line):
            yield words.strip(), rest


def _named_by(words: str, known: set[str]) -> str:
    """The command that they begin with; empty where there is none."""
    return next(
        (each for each in sorted(known, reverse=True) if f"{words} ".startswith(f"{each} ")), ""
    )


def test_every_command_that_a_page_calls_exists(
    code_in: dict[str, list[str]], options: dict[str, set[str]]
) -> None:
    wrong = []
    for page, code in code_in.items():
        for words, rest in _called(code):
            path = _named_by(words, {*options, *COMMANDS, _OF_A_PLUGIN})
            asked = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest))
            unknown = asked - options.get(path, set()) - {"--help"}
            if not path or unknown:
                wrong.append(f"{page}: authgate {words}{rest}")
    assert not wrong


def test_the_readme_calls_the_commands_of_a_first_minute(
    code_in: dict[str, list[str]], options: dict[str, set[str]]
) -> None:
    words = {words for words, _ in _called(code_in["README.md"])}
    called = {_named_by(each, {*options, *COMMANDS}) for each in words}
    assert {"login", "migrate", "tenant create", "client create", "user create"} <= called
    assert {"serve", "worker", "beat", "doctor"} <= called


def test_every_target_of_make_that_a_page_names_exists(
    code_in: dict[str, list[str]], repository: Path
) -> None:
    targets = set(re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for code in code_in.values()
        for line in code
        for target in re.findall(r"(?:^|\s)make ([a-z]+)", line)
    }
    assert {"demo", "test"} <= named
    assert named <= targets


def test_every_setting_that_a_page_names_exists(
    code_in: dict[str, list[str]], process_settings: set[str]
) -> None:
    known = process_settings | {
        each.removeprefix("AUTHGATE_").lower() for each in administered.VARIABLES
    }
    sections = "|".join(name for name in known if f"{name}." in "".join(f"{n} " for n in known))
    named = re.compile(rf"^((?:{sections})\.[a-z_]+)(?: = .+)?$")
    variable = re.compile(r"\bAUTHGATE_([A-Z][A-Z_]*)\b")
    wrong = []
    for page, code in code_in.items():
        for line in code:
            names = named.findall(line)
            names += [each.lower().replace("__", ".") for each in variable.findall(line)]
            wrong += [f"{page}: {each}" for each in names if each not in known | {"test.chromium"}]
    assert not wrong


def test_every_setting_of_a_tenant_that_a_page_gives_exists(
    code_in: dict[str, list[str]],
) -> None:
    known = {field.name for field in fields(TenantSettings)}
    given = re.compile(r"authgate tenant (?:set|create) (.*)")
    named = {
        name
        for code in code_in.values()
        for line in code
        for words in given.findall(line)
        for name in re.findall(r"(?:^|[ \"])([a-z_]+)(?:\.[a-z_]+)?=", words)
    }
    assert "login_limits" in named
    assert named <= known


def test_every_measurement_that_a_page_names_exists(code_in: dict[str, list[str]]) -> None:
    families = {family.name for family in REGISTRY.collect()}
    suffix = re.compile(r"_(total|count|sum|bucket)$")
    named = {
        each
        for code in code_in.values()
        for line in code
        for each in re.findall(r"\bauthgate_[a-z_]+_(?:total|seconds|count|sum|bucket)\b", line)
    }
    assert named
    assert {suffix.sub("", each) for each in named} <= families


def test_every_test_that_a_page_names_exists(
    code_in: dict[str, list[str]], repository: Path
) -> None:
    files = (repository / "tests").rglob("test_*.py")
    known = {name for file in files for name in _TEST.findall(file.read_text())}
    named = {each for code in code_in.values() for each in code if re.fullmatch(r"test_\w+", each)}
    assert named
    assert named <= known


@pytest.mark.parametrize("page", ["docs/rfc-coverage.md", "docs/compatibility.md"])
def test_whatever_is_done_is_held_by_a_test(pages: dict[str, str], page: str) -> None:
    tables = re.findall(r"^\|[^\n]*\| tests \|\n(?:\|[^\n]*\n)+", pages[page], re.MULTILINE)
    rows = [line.strip("|").split("|") for table in tables for line in table.splitlines()[2:]]
    done = [row for row in rows if row[2].startswith(" done")]
    assert done
    assert not [row[1] for row in done if "`test_" not in row[3]]


def test_what_the_conformance_suite_was_answered_is_held_by_a_test(pages: dict[str, str]) -> None:
    table = re.compile(r"^\| module \|[^\n]*\| tests \|\n(?:\|[^\n]*\n)+", re.MULTILINE)
    tables = table.findall(pages["docs/conformance.md"])
    rows = [line.strip("|").split("|") for each in tables for line in each.splitlines()[2:]]
    answered = [row for row in rows if row[2].startswith((" passes", " warns"))]
    assert len(answered) > 60
    assert not [row[0] for row in answered if "`test_" not in row[3]]
