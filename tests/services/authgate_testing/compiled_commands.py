"""What reads a command line is made once in a run for each command, however often that is tried.

Typer makes it out of the annotations of all functions of a command, which takes longer than most
commands do.
"""

from collections.abc import Iterator, Sequence

import pytest
import typer
import typer.main

from authgate.cli import command_line

_program = command_line._program
_command_of = typer.main.get_command


@pytest.fixture(scope="session", autouse=True)
def _commands_made_once() -> Iterator[None]:
    programs: dict[str, typer.Typer] = {}
    commands: dict[typer.Typer, object] = {}

    def program(words: Sequence[str]) -> typer.Typer:
        if words[0] not in command_line.COMMANDS:
            return _program(words)  # a plugin's, which a test may have brought
        # Of what follows it makes nothing yet.
        return programs.get(words[0]) or programs.setdefault(words[0], _program(words))

    def command_of(made: typer.Typer) -> object:
        if made not in programs.values():
            return _command_of(made)
        return commands.get(made) or commands.setdefault(made, _command_of(made))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "_program", program)
        patch.setattr(typer.main, "get_command", command_of)
        yield
