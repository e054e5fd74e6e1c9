"""``authgate completion``, and what shells ask afterwards."""

import os
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from authgate.cli.command_line import COMPLETE
from authgate.cli.failures import Failure


class Shell(StrEnum):
    """What people type commands into."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


WhichShell = Annotated[Shell, typer.Argument(help="bash, zsh or fish")]


def completion(shell: WhichShell) -> None:
    """Print what has a shell complete commands: source <(authgate completion bash)."""
    # Typer does not say that it exports these two, and has nothing else for it.
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # exported unsaid

    script = get_completion_script(prog_name="authgate", complete_var=COMPLETE, shell=shell)
    typer.echo(script)


def answer(program: Callable[[Sequence[str]], typer.Typer]) -> int:
    """Tell how the command line goes on that a shell has; the exit code.

    ``program`` makes the commands: of the noun that is typed already, all of them.
    """
    from typer.completion import completion_init  # type: ignore[attr-defined]  # exported unsaid

    completion_init()
    try:
        program(_typed() or [""])(args=[], prog_name="authgate", complete_var=COMPLETE)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Failure as error:
        # Of a plugin's commands: a line that is being typed is no place for what it says.
        return error.exit_code
    return 0


def _typed() -> list[str]:
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return line.split()[1:]
