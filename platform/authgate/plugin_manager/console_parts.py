"""What plugins put on pages of the console: checked down to its texts before anything is drawn."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from authgate.plugin_api import (
    ConsoleFacts,
    ConsoleFigures,
    ConsoleForm,
    ConsoleLink,
    ConsoleNotice,
    ConsolePart,
    ConsoleTable,
    ConsoleText,
    config_fields,
)
from authgate.plugin_manager.containment import WrongResult

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_MOST_PARTS = 20
_MOST_FIGURES = 8
_MOST_FACTS = 40
_MOST_COLUMNS = 12
_MOST_ROWS = 200
_MOST_FIELDS = 20
_LONGEST_LINE = 300
_LONGEST_TEXT = 4000
_LONGEST_NAME = 40
_LONGEST_VALUE = 40_000
_MOST_BITS = 64
"""More digits than Python writes down are an error of whoever shows them."""


def checked_parts(result: object) -> Sequence[ConsolePart]:
    """The parts of a page. Raises ``WrongResult`` where they are none.

    Exact types throughout: a subclass could run a plugin's code while the page is drawn.
    """
    if type(result) not in (list, tuple):
        raise WrongResult(f"{type(result).__name__} instead of a list of parts")
    parts: Sequence[Any] = result  # type: ignore[assignment]  # it is one of the two
    if len(parts) > _MOST_PARTS:
        raise WrongResult(f"more than {_MOST_PARTS} parts")
    forms: set[str] = set()
    for each in parts:
        check = _CHECKS.get(type(each))
        if check is None:
            raise WrongResult(f"{type(each).__name__} is no part of a page")
        check(each)
        if type(each) is ConsoleForm:
            if each.action in forms:
                raise WrongResult("two forms of one action")
            forms.add(each.action)
    return list(parts)


def check_line(text: object, *, longest: int = _LONGEST_LINE, empty: bool = False) -> None:
    """Raises ``WrongResult`` where this is no line of text."""
    if type(text) is not str or len(text) > longest or not text.isprintable():
        raise WrongResult(f"no line of at most {longest} characters")
    if not empty and not text.strip():
        raise WrongResult("an empty line")


def _text(part: ConsoleText) -> None:
    check_line(part.title, empty=True)
    _check_text(part.text)


def _notice(part: ConsoleNotice) -> None:
    check_line(part.title)
    _check_text(part.text)
    kind: object = part.kind
    if type(kind) is not str or kind not in ("", "good", "warn", "bad"):
        raise WrongResult("no kind of a notice")


def _figures(part: ConsoleFigures) -> None:
    for name, value in _tuples(part.figures, most=_MOST_FIGURES, width=2):
        check_line(name)
        _check_value(value)
        if type(value) is ConsoleLink:
            raise WrongResult("a figure is no link")


def _facts(part: ConsoleFacts) -> None:
    check_line(part.title)
    for name, value in _tuples(part.facts, most=_MOST_FACTS, width=2):
        check_line(name)
        _check_value(value)


def _table(part: ConsoleTable) -> None:
    check_line(part.title)
    check_line(part.empty, empty=True)
    columns: object = part.columns
    if type(columns) is not tuple or not 0 < len(columns) <= _MOST_COLUMNS:
        raise WrongResult(f"no columns, or more than {_MOST_COLUMNS}")
    for name in columns:
        check_line(name)
    for row in _tuples(part.rows, most=_MOST_ROWS, width=len(columns)):
        for value in row:
            _check_value(value)


def _form(part: ConsoleForm) -> None:
    check_line(part.title)
    check_line(part.button, longest=60)
    check_line(part.action, longest=_LONGEST_NAME)
    if not NAME.fullmatch(part.action):
        raise WrongResult("no name of an action")
    takes: object = part.takes
    if not isinstance(takes, type):
        raise WrongResult("a form takes a class")
    try:
        fields = config_fields(takes)
    except TypeError as error:
        raise WrongResult("a form takes no such class") from error
    if len(fields) > _MOST_FIELDS:
        raise WrongResult(f"more than {_MOST_FIELDS} fields")
    _check_values(part.values)


def _check_values(values: object) -> None:
    if type(values) is not dict or any(type(each) is not str for each in values):
        raise WrongResult("no values by their names")
    if len(values) > _MOST_FIELDS:
        raise WrongResult(f"more than {_MOST_FIELDS} values")
    for value in values.values():
        longest = _LONGEST_VALUE
        for each in value if type(value) is tuple else (value,):
            longest -= _length(each)
            if longest < 0:
                raise WrongResult(f"a value of more than {_LONGEST_VALUE} characters")


def _length(value: object) -> int:
    if type(value) is str:
        return len(value) + 1
    if type(value) is int:
        _check_number(value)
    elif type(value) is not bool:
        raise WrongResult(f"{type(value).__name__} is no value of a field")
    return 20


def _check_number(number: int) -> None:
    if number.bit_length() > _MOST_BITS:
        raise WrongResult(f"a number of more than {_MOST_BITS} bits")


def _tuples(found: object, *, most: int, width: int) -> Sequence[tuple[Any, ...]]:
    if type(found) is not tuple or len(found) > most:
        raise WrongResult(f"no tuple of at most {most}")
    for each in found:
        if type(each) is not tuple or len(each) != width:
            raise WrongResult(f"no tuples of {width}")
    return found


def _check_text(text: object) -> None:
    if type(text) is not str or len(text) > _LONGEST_TEXT:
        raise WrongResult(f"no text of at most {_LONGEST_TEXT} characters")
    if any(not char.isprintable() and char != "\n" for char in text):
        raise WrongResult("a text that cannot be printed")


def _check_value(value: object) -> None:
    if type(value) is ConsoleLink:
        check_line(value.text)
        _check_url(value.url)
    elif type(value) is int:
        _check_number(value)
    else:
        check_line(value, empty=True)


def _check_url(url: object) -> None:
    if type(url) is not str or len(url) > _LONGEST_TEXT or not url.isascii():
        raise WrongResult("no address")
    if not url.isprintable() or any(char in url for char in ' \\"<>'):
        raise WrongResult("no address")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise WrongResult("no address") from None
    if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc:
        return
    is_own = url == "/admin" or url.startswith("/admin/")
    if parts.scheme or parts.netloc or not is_own or ".." in parts.path:
        raise WrongResult("an address that is neither https nor a page of the console")


_CHECKS: Mapping[type, Callable[[Any], None]] = {
    ConsoleText: _text,
    ConsoleNotice: _notice,
    ConsoleFigures: _figures,
    ConsoleFacts: _facts,
    ConsoleTable: _table,
    ConsoleForm: _form,
}
