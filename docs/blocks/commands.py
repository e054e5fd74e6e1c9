"""Commands, as Typer describes them."""

import enum
import importlib
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperArgument
from typer.main import get_command

from authgate.cli.command_line import COMMANDS
from authgate.cli.exit_codes import ExitCode
from authgate.cli.failures import Failure
from authgate.cli.nouns import EXAMPLE, unfolded
from blocks.words import sentence, table_of


def commands() -> str:
    """Each command with its arguments and options."""
    return "\n".join(_command(path, command) for path, command in every_command())


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command by the words that call it, as Typer describes it."""
    for name, declared in COMMANDS.items():
        module, _, attribute = declared.target.partition(":")
        target: Any = getattr(importlib.import_module(f"authgate.cli.{module}"), attribute)
        if isinstance(target, typer.Typer):
            yield from _below(name, get_command(target))
        else:
            program = typer.Typer(add_completion=False)
            epilog = f"{EXAMPLE}authgate {declared.example}"
            program.command(name, epilog=epilog)(unfolded(target))
            yield name, get_command(program)


def _below(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _command(path: str, command: Any) -> str:
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    options = [each for each in command.params if each not in arguments]
    usage = " ".join(["authgate", path, *map(_argument, arguments)])
    rows = [(f"`{_argument(each)}`", each.help or "") for each in arguments]
    rows += [(f"`{_option(each)}`", _said(each)) for each in options]
    table = [table_of(("", ""), rows)] if rows else []
    # What follows the usage shows it with real words.
    shown = [f"    {command.epilog.removeprefix(EXAMPLE)}"] if command.epilog else []
    lines = [f"## authgate {path}", "", command.help, "", f"    {usage}", *shown, "", *table]
    return "\n".join(lines)


def _argument(argument: Any) -> str:
    if argument.metavar:
        return str(argument.metavar)
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    names = ", ".join([*sorted(option.opts, key=len), *option.secondary_opts])
    return names if option.is_flag else f"{names} {_value(option)}"


def _value(option: Any) -> str:
    kind = option.type_descriptor.annotation
    if option.metavar:
        return f"<{option.metavar}>"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"<{' or '.join(kind)}>"
    return "<number>" if kind is int else "<text>"


def _said(option: Any) -> str:
    said: str = option.help or ""
    if option.required:
        return f"{said}. Required"
    if option.is_flag or option.default is None or option.default == "":
        return said
    return f"{said}. Default `{option.default}`"


def exit_codes() -> str:
    """What a command's exit status says."""
    failures: list[type[Failure]] = [Failure, *Failure.__subclasses__()]
    ends = {failure.exit_code: sentence(failure.__doc__) for failure in failures}
    rows = [(str(int(code)), ends.get(code, "Done.")) for code in ExitCode]
    return table_of(("status", ""), rows)
