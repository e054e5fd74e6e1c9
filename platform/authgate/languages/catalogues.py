"""What texts are in another language: catalogues of GNU gettext, each read once when it is needed.

They are read as they are written: nothing has to be compiled before a checkout runs, and nothing
compiled can be older than its source.
"""

from functools import cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

from authgate.languages.spoken import ENGLISH, spoken

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_OWN = "authgate_templates"
_FOLDER = "languages"
CONSOLE = "console"
"""The folder below it of what only administrators and operators read."""
_plugins: list[str] = []


def add(package: str) -> None:
    """Take what this package has in its folder ``languages`` (``zh-Hant.po``) as well: a plugin's
    words. What we say ourselves stays as it is, in the console too. A module that is no package
    has none."""
    spec = find_spec(package)
    is_package = spec is not None and spec.submodule_search_locations is not None
    if is_package and package not in _plugins:
        _plugins.append(package)
        catalogue.cache_clear()


@lru_cache
def catalogue(tag: str) -> NullTranslations:
    """All that is said in this language."""
    found = NullTranslations()
    found.add_fallback(_read(files(_OWN) / _FOLDER / f"{tag}.po", tag))
    found.add_fallback(_ReadWhenAsked(files(_OWN) / _FOLDER / CONSOLE / f"{tag}.po", tag))
    for package in _plugins:
        source = files(package) / _FOLDER / f"{tag}.po"
        if source.is_file():
            found.add_fallback(_read(source, tag))
    return found


class _ReadWhenAsked(NullTranslations):
    """A catalogue that is read for the first text that those before it do not have: a process that
    shows no console has none of it."""

    def __init__(self, source: "Traversable", tag: str) -> None:
        super().__init__()
        self._source, self._tag = source, tag
        self._behind: list[NullTranslations] = []

    def add_fallback(self, fallback: NullTranslations) -> None:
        self._behind.append(fallback)

    @cached_property
    def _known(self) -> GNUTranslations:
        known = _read(self._source, self._tag)
        for each in self._behind:
            known.add_fallback(each)
        return known

    def gettext(self, message: str) -> str:
        return self._known.gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._known.ngettext(msgid1, msgid2, n)


def gettext(message: str) -> str:
    """The text in the language that is spoken, and in English where it has none."""
    language = spoken()
    return message if language is ENGLISH else catalogue(language.tag).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of it that goes with so many."""
    language = spoken()
    if language is ENGLISH:
        return one if count == 1 else many
    return catalogue(language.tag).ngettext(one, many, count)


def _read(source: "Traversable", tag: str) -> GNUTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as file:
        known = read_po(file, locale=tag.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, known)
    compiled.seek(0)
    return GNUTranslations(compiled)
