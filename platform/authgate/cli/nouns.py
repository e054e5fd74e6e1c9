"""Commands of one noun: what each of its verbs takes, and how its use looks."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from authgate.cli.output import Format

Command = TypeVar("Command", bound=Callable[..., None])

EXAMPLE = "Example: "
"""Begins what is below a command's help."""

AsJson = Annotated[bool, typer.Option("--json", help="The same as -o json")]


class Noun(typer.Typer):
    """What can be done to things of one kind."""

    def verb(self, name: str | None = None, *, example: str) -> Callable[[Command], Command]:
        """A command, with an example of its use below its help."""

        def registered(command: Command) -> Command:
            self.command(name, epilog=f"{EXAMPLE}authgate {example}")(unfolded(command))
            return command

        return registered


def unfolded(command: Callable[..., None]) -> Callable[..., None]:
    """The command as it is typed.

    Each field of a dataclass that it takes is an option, and what has ``-o json`` has ``--json``.
    """
    told = inspect.signature(command, eval_str=True)
    folded = {name: each.annotation for name, each in told.parameters.items() if _is_folded(each)}

    @wraps(command)
    def typed(**given: Any) -> None:
        for name, kind in folded.items():
            given[name] = kind(**{each.name: given.pop(each.name) for each in fields(kind)})
        if given.pop("as_json", False):
            given["output"] = Format.JSON
        command(**given)

    parameters: list[inspect.Parameter] = []
    for each in told.parameters.values():
        parameters += _options(each.annotation) if each.name in folded else [each]
    if "output" in told.parameters:
        parameters.append(_option("as_json", AsJson, default=False))
    by_name = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    vars(typed)["__signature__"] = told.replace(parameters=by_name)
    typed.__annotations__ = {each.name: each.annotation for each in by_name}
    return typed


def _is_folded(parameter: inspect.Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _options(kind: type) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [_option(each.name, hints[each.name], default=_default(each)) for each in fields(kind)]


def _default(each: "Field[Any]") -> object:
    return inspect.Parameter.empty if each.default is MISSING else each.default


def _option(name: str, annotation: object, *, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
