"""Scopes as the pages show them: in the words of the tenant, and in the reader's language."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from authgate.languages import Text, readers, text
from authgate.storage.tenants import scopes
from authgate.storage.tenants.scopes import Scope
from authgate.tokens import admin_scopes, operator_scopes
from authgate.tokens.api_scopes import ApiScope
from authgate.tokens.scopes import is_operator
from authgate.web.view_models import ScopeLine

_KNOWN = {
    line.name: line
    for line in (
        ScopeLine("openid", text("Know that it is you")),
        ScopeLine("profile", text("Read your name and user name")),
        ScopeLine("email", text("Read your email address")),
        ScopeLine("groups", text("See which groups you belong to")),
        ScopeLine("roles", text("See which roles you have been given")),
        ScopeLine("read", text("Read your data")),
        ScopeLine("write", text("Change your data"), sensitive=True),
        ScopeLine("offline_access", text("Stay signed in while you are away")),
    )
}


class _Line(Text):
    """A sentence as a line of a list: without the stop at its end."""

    __slots__ = ()

    def spoken(self) -> str:
        return super().spoken().rstrip(".。")


def _of_api(meanings: Mapping[ApiScope, str]) -> dict[str, ScopeLine]:
    return {
        scope.value: ScopeLine(
            scope.value, _Line.of(meaning, "", {}), sensitive=scope.endswith(":write")
        )
        for scope, meaning in meanings.items()
    }


_KNOWN |= _of_api(admin_scopes.MEANINGS)
_OPERATORS = _of_api(operator_scopes.MEANINGS)


async def scope_lines(names: Collection[str]) -> tuple[ScopeLine, ...]:
    """Each scope once, in the order they were asked for, in the languages of whoever reads it:
    tenants may have words of their own in more languages than our pages are in."""
    return in_words(names, await scopes.find_many(names), readers.reader().wishes())


def in_words(
    names: Iterable[str], described: Mapping[str, Scope], wanted: Sequence[str] = ()
) -> tuple[ScopeLine, ...]:
    """Each of these scopes once; by its name where neither the tenant nor we have words for it."""
    return tuple(_line(name, described.get(name), wanted) for name in dict.fromkeys(names))


def _line(name: str, described: Scope | None, wanted: Sequence[str]) -> ScopeLine:
    if described is None:
        known = _OPERATORS if is_operator(name) else _KNOWN
        return known.get(name, ScopeLine(name, text("Use the permission %(name)s", name=name)))
    words = described.in_language(wanted)
    return ScopeLine(name, words.title, described.sensitive, words.description)
