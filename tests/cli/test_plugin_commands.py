"""Commands of plugins: below their names, and nobody waits for them or ends with them."""

import sys

import pytest

from authgate.cli import command_line
from authgate_testing.command import Bring, Cli

ACME = """
    import typer
    from authgate.plugin_api import hookimpl

    plugin_api_version = "1.2"
    app = typer.Typer(help="What Acme has to say.")

    @app.command()
    def count(most: int = 3) -> None:
        "Count."
        typer.echo(" ".join(map(str, range(most))))

    @app.command()
    def fail() -> None:
        "Fail."
        raise ValueError("no plans")

    @app.command()
    def leave() -> None:
        "Leave."
        raise typer.Exit(7)

    @hookimpl
    def register_commands():
        return app
"""
BROKEN = """
    raise RuntimeError("broken")
"""


def test_a_plugins_commands_are_below_its_name(command: Cli, bring: Bring) -> None:
    bring("acme", ACME)
    assert command("acme", "count", "--most", "2").out == "0 1\n"
    assert "What Acme has to say." in command("acme", "--help").out
    assert command("acme", "leave").code == 7
    refused = command("acme", "count", "--most", "many")
    assert refused.code == 2
    assert "authgate acme count --help tells more." in refused.err


def test_who_fails_is_named_in_one_line(command: Cli, bring: Bring) -> None:
    bring("acme", ACME)
    ended = command("acme", "fail")
    assert ended.code == 1
    assert ended.err.startswith("authgate: The plugin 'acme' failed: ValueError: no plans (")
    assert ended.err.count("\n") == 1


def test_a_plugin_that_is_broken_breaks_its_own_commands_alone(command: Cli, bring: Bring) -> None:
    bring("acme", ACME)
    bring("broken", BROKEN)
    ended = command("broken", "count")
    assert ended.code == 6
    assert "The plugin 'broken' is refused" in ended.err
    assert command("acme", "count").code == command("--help").code == command("version").code == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [("3", "gives a typer.Typer"), ("1 / 0", "ZeroDivisionError at brought_acme.py")],
)
def test_what_are_no_commands_is_refused_with_the_reason(
    command: Cli, bring: Bring, answer: str, said: str
) -> None:
    bring("acme", ACME.replace("return app", f"return {answer}"))
    ended = command("acme", "count")
    assert ended.code == 6
    assert said in ended.err


def test_neither_help_nor_another_command_imports_a_plugin(command: Cli, bring: Bring) -> None:
    bring("acme", ACME)
    for words in (("--help",), ("version",), ("nonsense",)):
        command(*words)
        assert "brought_acme" not in sys.modules


def test_a_plugin_takes_no_command_of_ours(command: Cli, bring: Bring) -> None:
    bring("tenant", ACME)
    assert "count" not in command("tenant", "--help").out.split()
    doctored = command("plugin", "doctor")
    assert doctored.code == 6
    assert "authgate tenant is a command already." in doctored.out


def test_a_shell_completes_them_and_is_told_nothing_of_a_broken_one(
    command: Cli, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring("acme", ACME)
    bring("broken", BROKEN)
    monkeypatch.setenv(command_line.COMPLETE, "complete_bash")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("COMP_WORDS", "authgate acme co")
    assert command().out.split() == ["count"]
    monkeypatch.setenv("COMP_WORDS", "authgate broken co")
    ended = command()
    assert ended.code == 6
    assert not ended.out + ended.err
