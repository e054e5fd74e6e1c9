"""A file as it was written: what it says, and on which line.

YAML by the core schema of YAML 1.2, where ``off`` and ``no`` are words as any other; a file whose
name ends with ``.json`` is JSON. There are no tags and no aliases: nothing that makes much of
little.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

import yaml

from authgate.api.bodies import pointer
from authgate.cli.failures import Failure

_PLAIN = "tag:yaml.org,2002:"
_INDEX = re.compile(r"\.(\d+)(?=\.|$)")


class _Core(yaml.SafeLoader):
    """Tells what a word is: nothing, a truth, a whole number, or a text."""


_Core.yaml_implicit_resolvers = {}

for _name, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]{0,17})$", list("-+0123456789")),
):
    _Core.add_implicit_resolver(f"{_PLAIN}{_name}", re.compile(_pattern), _first)


@dataclass(frozen=True, slots=True)
class Written:
    """What a file says."""

    path: Path
    content: dict[str, Any]
    lines: Mapping[str, int]
    """By JSON pointer (RFC 6901), as far as they are known."""

    def place(self, where: str) -> str:
        """Where a thing is said, for people: ``tenant.yaml:12: clients[3].name``."""
        return f"{self.path}{self._line(where)}: {dotted(where) or 'the file'}"

    def _line(self, where: str) -> str:
        while where not in self.lines:
            if not where:
                return ""
            where = where.rpartition("/")[0]
        return f":{self.lines[where]}"


def read(path: Path) -> Written:
    """What the file says. Raises ``Failure``, with the line, where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: it is not text in UTF-8.") from error
    written = _json(path, text) if path.suffix == ".json" else _Reading(path).read(text)
    if not isinstance(written.content, dict):
        raise Failure(f"{path}: it has to begin with the name of a section, such as settings:")
    return written


def dotted(where: str) -> str:
    """A place in a document as people write it: ``clients[3].redirect_uris[0]``."""
    parts = [each.replace("~1", "/").replace("~0", "~") for each in where.split("/")[1:]]
    return _INDEX.sub(r"[\1]", ".".join(parts))


def _json(path: Path, text: str) -> Written:
    try:
        content = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Failure(f"{path}:{error.lineno}: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise Failure(f"{path}: {error}") from error
    try:
        # Nearly all JSON is YAML, which knows the lines.
        return Written(path, content, _Reading(path).read(text).lines)
    except Failure:
        return Written(path, content, {})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        twice = [name for name, _ in pairs]
        raise ValueError(f"{max(twice, key=twice.count)} is said twice.")
    return said


def _no_number(word: str) -> Never:
    raise ValueError(f"{word} is no number.")


class _Reading:
    """The way through one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, int] = {}
        self._seen: set[int] = set()

    def read(self, text: str) -> Written:
        """What it says. Raises ``Failure``."""
        try:
            root = yaml.compose(text, Loader=_Core)
            return Written(self._path, {} if root is None else self._said(root, ()), self._lines)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f":{mark.line + 1}" if mark else ""
            raise Failure(f"{self._path}{line}: {error.problem or error.context}.") from error
        except yaml.YAMLError as error:
            raise Failure(f"{self._path}: it has characters that YAML has not.") from error
        except RecursionError as error:
            raise Failure(f"{self._path}: it is too deep.") from error

    def _said(self, node: yaml.Node, place: tuple[str | int, ...]) -> Any:
        self._lines.setdefault(pointer(place), node.start_mark.line + 1)
        if id(node) in self._seen:
            raise self._refused(node, "Aliases are not read: say it twice.")
        self._seen.add(id(node))
        match node:
            case yaml.MappingNode():
                return self._mapping(node, place)
            case yaml.SequenceNode():
                return [
                    self._said(each, (*place, number)) for number, each in enumerate(node.value)
                ]
        return self._word(node)

    def _mapping(self, node: yaml.MappingNode, place: tuple[str | int, ...]) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_PLAIN}null":
                raise self._refused(key, "A name has to stand before each colon.")
            if key.value in said:
                raise self._refused(key, f"{key.value} is said twice.")
            below = (*place, key.value)
            self._lines[pointer(below)] = key.start_mark.line + 1
            said[key.value] = self._said(value, below)
        return said

    def _word(self, node: yaml.Node) -> Any:
        match node.tag.removeprefix(_PLAIN):
            case "str":
                return node.value
            case "null":
                return None
            case "bool":
                return node.value.lower() == "true"
            case "int":
                return int(node.value)
        raise self._refused(node, f"Tags such as {node.tag} are not read.")

    def _refused(self, node: yaml.Node, fault: str) -> Failure:
        return Failure(f"{self._path}:{node.start_mark.line + 1}: {fault}")
