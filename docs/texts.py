"""Gathers what people read in pages and mails, and keeps the catalogues up to it: ``make texts``.

A catalogue holds what its pages need and no more: a text that is not said any more leaves it, one
that is new comes without a translation. What is in it already stays as a translator left it.
"""

import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes
from jinja2.ext import extract_from_ast

from authgate.languages import ENGLISH, LANGUAGES
from authgate.web.pages import IN_ENGLISH

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates" / "authgate_templates"
CATALOGUES = TEMPLATES / "languages"
CODE = ("platform", "tenants", "workers", "plugins")
FOR_ADMINISTRATORS = tuple(each.rstrip("/") for each in IN_ENGLISH)
"""Folders of templates that are in English still. What pages for everybody take of them is not."""

_KEYWORDS = {"text": None, "counted": (1, 2)}
_TEMPLATES = ("*.html", "*.txt")
_ENVIRONMENT = Environment(  # noqa: S701  # nothing is rendered
    extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True
)

_OF_NO_USE = re.compile(
    rb'^"(?:Project|Report|POT|PO-Rev|Last-|Language-Team|MIME|Generated).*\n', re.MULTILINE
)
"""Lines of the head that say when and by whom: version control does."""

Message = str | tuple[str, str]
"""A text, or its forms for one and for many."""


def catalogue_of(tag: str) -> Path:
    """Where the catalogue of a language is."""
    return CATALOGUES / f"{tag}.po"


def read(tag: str) -> Catalog:
    """The catalogue as it is."""
    with catalogue_of(tag).open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"))


def written(tag: str) -> bytes:
    """The catalogue as it should be, with what is in it already."""
    known = read(tag)
    known.update(gathered(), no_fuzzy_matching=True, update_creation_date=False)
    into = BytesIO()
    write_po(into, known, width=100, ignore_obsolete=True, include_lineno=False)
    return _OF_NO_USE.sub(b"", into.getvalue())


def gathered() -> Catalog:
    """All that people read, and in which files."""
    found = Catalog()
    for place, message in (*in_templates(), *in_code()):
        found.add(message, locations=[(place.relative_to(ROOT).as_posix(), None)])
    return found


def people_pages() -> Iterator[Path]:
    """The templates of pages and mails for everybody."""
    for pattern in _TEMPLATES:
        for path in sorted(TEMPLATES.rglob(pattern)):
            if path.relative_to(TEMPLATES).parts[0] not in FOR_ADMINISTRATORS:
                yield path


def in_templates() -> Iterator[tuple[Path, Message]]:
    """What templates say, and the macros of others that they use."""
    waiting: list[tuple[Path, frozenset[str] | None]] = [(each, None) for each in people_pages()]
    seen: set[tuple[Path, str]] = set()
    while waiting:
        path, names = waiting.pop(0)
        for part in _parts(path, names):
            if isinstance(part, nodes.Macro):
                if (path, part.name) in seen:
                    continue
                seen.add((path, part.name))
            for _, function, said in extract_from_ast(part):
                yield path, _message(said, counted=function == "ngettext")
            waiting += _used(path, part)


def in_code() -> Iterator[tuple[Path, Message]]:
    """What code says by ``text`` and ``counted``."""
    for room in CODE:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "from authgate.languages import" not in path.read_text():
                continue
            for _, said, _, _ in extract_from_file("python", path, keywords=_KEYWORDS):
                yield path, _message(said, counted=not isinstance(said, str))


def _message(said: Message | tuple[str | None, ...], *, counted: bool) -> Message:
    if isinstance(said, str):
        return said
    one, many = said[0] or "", said[1] or ""
    return (one, many) if counted else one


@cache
def _parsed(path: Path) -> nodes.Template:
    return _ENVIRONMENT.parse(path.read_text())


def _parts(path: Path, names: frozenset[str] | None) -> list[nodes.Node]:
    whole = _parsed(path)
    if names is None:
        return [whole]
    return [each for each in whole.find_all(nodes.Macro) if each.name in names]


def _used(path: Path, part: nodes.Node) -> Iterator[tuple[Path, frozenset[str]]]:
    """The macros that it takes of other files, and of its own where it is a macro itself."""
    whole = _parsed(path)
    for each in whole.find_all(nodes.Import):
        source = TEMPLATES / str(getattr(each.template, "value", ""))
        if source.relative_to(TEMPLATES).parts[0] in FOR_ADMINISTRATORS:
            yield source, frozenset(_attributes(part, each.target))
    if isinstance(part, nodes.Macro):
        yield (
            path,
            frozenset(
                call.node.name
                for call in part.find_all(nodes.Call)
                if isinstance(call.node, nodes.Name)
            ),
        )


def _attributes(part: nodes.Node, of: str) -> Iterator[str]:
    for each in part.find_all(nodes.Getattr):
        if isinstance(each.node, nodes.Name) and each.node.name == of:
            yield each.attr


def main() -> None:
    """Write every catalogue anew."""
    for language in LANGUAGES:
        if language is not ENGLISH:
            catalogue_of(language.tag).write_bytes(written(language.tag))


if __name__ == "__main__":
    main()
