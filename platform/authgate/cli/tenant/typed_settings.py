"""Settings as they are typed into commands: ``KEY=VALUE``, and secrets that are asked for.

Which settings there are is told by the API: of each its name, its kind and what people call it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from authgate.cli.failures import Misused
from authgate.cli.output import ask_secret
from authgate.generated_secrets import generated

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting that is no secret, of a document @FILE; repeatable",
    ),
]
Unset = Annotated[
    list[str] | None, typer.Option(metavar="KEY", help="A setting to take the default of")
]
Renewed = Annotated[
    list[str] | None,
    typer.Option("--secret", metavar="KEY", help="A secret to be asked for; repeatable"),
]

Made = Annotated[
    list[str] | None,
    typer.Option(
        "--make-secret", metavar="KEY", help="A secret to be made and shown once; repeatable"
    ),
]

_NUMBER = re.compile(r"-?[0-9]{1,30}")
"""A longer one is no setting's, and Python refuses to read one of thousands of digits."""


class AskedSetting(NamedTuple):
    """A setting that somebody may have typed."""

    kind: str
    """``text``, ``document``, ``number``, ``switch``, ``list`` or ``secret``."""
    label: str
    """What is written before a secret that is asked for."""
    default: object = None
    generated: str | None = None
    """What a secret begins with that may be made."""

    @property
    def is_secret(self) -> bool:
        """Whether it is asked for, and never an argument."""
        return self.kind == "secret"


def typed(settings: Mapping[str, AskedSetting], pairs: Iterable[str]) -> dict[str, object]:
    """The values of ``KEY=VALUE`` pairs; of a setting that is not known, the text. Raises
    ``Misused``."""
    values: dict[str, object] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise Misused(f"{pair!r} is not KEY=VALUE.")
        setting = settings.get(name)
        if setting and setting.is_secret:
            raise Misused(f"{name} is a secret: it is asked for, or read from standard input.")
        values[name] = _value(setting.kind, text) if setting else text
    return values


def asked(
    settings: Mapping[str, AskedSetting], names: Collection[str], *, of: str
) -> dict[str, object]:
    """What is entered for these secrets. Raises ``Misused`` where one is no secret ``of`` what is
    set up."""
    for name in names:
        if name not in settings or not settings[name].is_secret:
            raise Misused(f"{name!r} is no secret of {of}.")
    return {name: ask_secret(settings[name].label) for name in names}


def made(settings: Mapping[str, AskedSetting], names: Collection[str]) -> dict[str, str]:
    """These secrets, made here. Raises ``Misused`` where one is not made but chosen."""
    for name in names:
        if name not in settings or settings[name].generated is None:
            raise Misused(f"{name!r} is no secret that can be made.")
    return {name: generated(settings[name].generated or "") for name in names}


def whole_number(text: str) -> int | None:
    """The number that somebody has typed; ``None`` where it is none that a setting has."""
    return int(text) if _NUMBER.fullmatch(text) else None


def _value(kind: str, text: str) -> object:
    if kind == "switch":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "number" and (number := whole_number(text)) is not None:
        return number
    if kind == "document" and text.startswith("@"):
        return _read(text[1:])
    return [each for each in text.split(",") if each] if kind == "list" else text


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, ValueError) as error:
        raise Misused(f"{path} cannot be read.") from error
