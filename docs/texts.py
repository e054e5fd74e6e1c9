"""Gathers what people read in pages and mails, and keeps the catalogues up to it: ``make texts``.

A catalogue holds what its pages need and no more: a text that is not said any more leaves it, one
that is new comes without a translation. What is in it already stays as a translator left it.

There are two for each language: what everybody reads, and what only administrators and operators
do. A text of both is in the first.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes
from jinja2.ext import extract_from_ast

from authgate.languages import ENGLISH, LANGUAGES
from authgate.languages.catalogues import CONSOLE
from authgate.web.pages import IN_ENGLISH

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates" / "authgate_templates"
CATALOGUES = TEMPLATES / "languages"
CODE = ("platform", "tenants", "workers", "plugins")
AREAS = ("", CONSOLE)
"""Folders of catalogues: of everybody, and of administrators."""
FOR_ADMINISTRATORS = ("console", "operator", *(each.rstrip("/") for each in IN_ENGLISH))
"""Folders of templates that not everybody sees. What pages for everybody take of them, they do."""
_ROOMS = tuple(
    f"platform/authgate/{each}"
    for each in (
        "accounts/connection_fitness.py",
        "accounts/connection_setup.py",
        "accounts/connection_trials.py",
        "admin/console/",
        "provisioning/",
        "tokens/imported_key.py",
    )
)
"""What says nothing but to the console's pages, and to programs the same."""
_TOLD_ADMINISTRATORS = (
    *_ROOMS,
    "platform/authgate/operator/",
    "platform/authgate/portable/",
    "platform/authgate/storage/clients/",
    "platform/authgate/storage/metering/",
    "platform/authgate/storage/redis/",
    "tenants/",
)
"""Whose texts are on the console's pages."""
_TOLD_EVERYBODY = tuple(
    f"platform/authgate/{each}.py"
    for each in (
        "admin/console/branding_pages",
        "admin/console/client_form",
        "provisioning/client_fitness",
        "provisioning/joining",
        "provisioning/own_passwords",
        "provisioning/second_factors",
        "provisioning/sign_ups",
    )
)
"""What of them is on others as well."""
PLUGIN_API = "platform/authgate/plugin_api"
_SAID_TO_PLUGINS = {"Setting": 0, "_step": 0, "ValueError": 0, "ConnectorConfigError": 1}
"""How it says something, and from which argument on."""

_KNOWS_LANGUAGES = re.compile(r"from authgate\.languages import|from authgate import .*languages")
_UNFIT = re.compile(r"class (\w+)\(Unfit\)")
_TEMPLATES = ("*.html", "*.txt")
_ENVIRONMENT = Environment(  # noqa: S701  # nothing is rendered
    extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True
)

_OF_NO_USE = re.compile(
    rb'^"(?:Project|Report|POT|PO-Rev|Last-|Language-Team|MIME|Generated).*\n', re.MULTILINE
)
"""Lines of the head that say when and by whom: version control does."""

Said = str | tuple[str, str]
"""A text, or its forms for one and for many."""


def catalogue_of(tag: str, area: str = "") -> Path:
    """Where the catalogue of a language is."""
    return CATALOGUES / area / f"{tag}.po"


def read(tag: str, area: str = "") -> Catalog:
    """The catalogue as it is."""
    with catalogue_of(tag, area).open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"))


def written(tag: str, area: str = "") -> bytes:
    """The catalogue as it should be, with what is in it already, or in the other one."""
    known = read(tag, area)
    for other in AREAS:
        for message in read(tag, other):
            if message.id and message.id not in known:
                known.add(message.id, message.string)
    known.update(gathered(area), no_fuzzy_matching=True, update_creation_date=False)
    into = BytesIO()
    write_po(into, known, width=100, ignore_obsolete=True, include_lineno=False)
    return _OF_NO_USE.sub(b"", into.getvalue())


@cache
def gathered(area: str = "") -> Catalog:
    """All that is read there, and in which files."""
    everybody = _gathered((*in_templates(people_pages()), *in_code("")))
    if not area:
        return everybody
    of_both = {each.id for each in everybody if each.id}
    return _gathered(
        (place, said)
        for place, said in (
            *in_templates(console_pages()),
            *in_code(area),
            *in_plugin_api(),
        )
        if said not in of_both and (isinstance(said, str) or said[0] not in of_both)
    )


def _gathered(found: Iterable[tuple[Path, Said]]) -> Catalog:
    catalogue = Catalog()
    for place, said in found:
        catalogue.add(said, locations=[(place.relative_to(ROOT).as_posix(), None)])
    return catalogue


def people_pages() -> Iterator[Path]:
    """The templates of pages and mails for everybody."""
    return (each for each in _templates() if _folder(each) not in FOR_ADMINISTRATORS)


def console_pages() -> Iterator[Path]:
    """The templates of administrators' and operators' pages."""
    english = {each.rstrip("/") for each in IN_ENGLISH}
    return (each for each in _templates() if _folder(each) in {*FOR_ADMINISTRATORS} - english)


def _templates() -> Iterator[Path]:
    return (path for pattern in _TEMPLATES for path in sorted(TEMPLATES.rglob(pattern)))


def _folder(template: Path) -> str:
    return template.relative_to(TEMPLATES).parts[0]


def in_templates(pages: Iterable[Path]) -> Iterator[tuple[Path, Said]]:
    """What templates say, and the macros of others that they use."""
    waiting: list[tuple[Path, frozenset[str] | None]] = [(each, None) for each in pages]
    seen: set[tuple[Path, str]] = set()
    while waiting:
        path, names = waiting.pop(0)
        for part in _parts(path, names):
            if isinstance(part, nodes.Macro):
                if (path, part.name) in seen:
                    continue
                seen.add((path, part.name))
            for _, function, said in extract_from_ast(part):
                yield path, _said(said, counted=function == "ngettext")
            waiting += _used(path, part)


def in_code(area: str) -> Iterator[tuple[Path, Said]]:
    """What code says by ``text`` and ``counted``, and by errors of tenants."""
    for room in CODE:
        for path in sorted((ROOT / room).rglob("*.py")):
            if _area(path) != area:
                continue
            source = path.read_text()
            if room == "tenants" or _KNOWS_LANGUAGES.search(source):
                yield from ((path, said) for said in _said_in(source))


def _said_in(source: str) -> Iterator[Said]:
    for call in _calls(source):
        name = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
        said = [_literal(each) for each in call.args]
        if name == "counted" and len(said) > 1:
            yield said[0], said[1]
        elif name in _says() and said and said[0]:
            yield said[0]


def _calls(source: str) -> Iterable[ast.Call]:
    found = (each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call))
    return sorted(found, key=lambda each: (each.lineno, each.col_offset))


def _literal(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return ""


@cache
def _says() -> frozenset[str]:
    """What texts are said by. The room of tenants knows no language: its errors carry theirs."""
    tenants = (ROOT / "tenants").rglob("*.py")
    errors = (name for path in tenants for name in _UNFIT.findall(path.read_text()))
    return frozenset(("text", "counted", *errors))


def told_administrators() -> Iterator[Path]:
    """The code whose every sentence is on the console's pages."""
    for place in (*_ROOMS, "platform/authgate/operator/console"):
        path = ROOT / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else (path,)


def in_plugin_api() -> Iterator[tuple[Path, Said]]:
    """What plugins say by what they are given: of their settings, why one cannot be, and of tests.
    That package knows no language."""
    for path in sorted((ROOT / PLUGIN_API).rglob("*.py")):
        for call in _calls(path.read_text()):
            said = [*call.args, *(each.value for each in call.keywords)]
            first = _SAID_TO_PLUGINS.get(getattr(call.func, "id", ""), len(said))
            yield from ((path, text) for each in said[first:] if (text := _literal(each)))


def _area(code: Path) -> str:
    place = code.relative_to(ROOT).as_posix()
    told = place.startswith(_TOLD_ADMINISTRATORS) and not place.endswith(_TOLD_EVERYBODY)
    return CONSOLE if told else ""


def _said(said: Said | tuple[str | None, ...], *, counted: bool) -> Said:
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
        if _folder(source) in FOR_ADMINISTRATORS:
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
            anew = {area: written(language.tag, area) for area in AREAS}
            for area, content in anew.items():
                catalogue_of(language.tag, area).write_bytes(content)


if __name__ == "__main__":
    main()
