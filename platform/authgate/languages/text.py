"""A text in code that people read: English for programs and logs, their language on pages."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, LiteralString, Self, cast

from markupsafe import Markup, escape

from authgate.languages import catalogues
from authgate.languages.formats import number
from authgate.languages.spoken import ENGLISH, speaking

if TYPE_CHECKING:  # commands that ask a server elsewhere say texts, and load no storage
    from authgate_tenants.unfit import Unfit


class Text(str):
    """A text with the message that it was made of, so that a page can say it in another language.

    It is the English text to whoever does not ask. A template that shows it, or puts it into a
    text of its own, gets what it is in the language of the page.
    """

    __slots__ = ("_many", "_message", "_values")

    _message: str
    _many: str
    _values: Mapping[str, object]

    @classmethod
    def of(cls, message: str, many: str, values: Mapping[str, object]) -> Self:
        """The text of this message with these values; ``many`` is empty where nothing counts."""
        with speaking(ENGLISH):
            made = cls(_said(message, many, values))
        made._message, made._many, made._values = message, many, values
        return made

    def __str__(self) -> str:
        # An error's text is what it was made with, and not a copy that has forgotten the message.
        return self

    def __html__(self) -> Markup:
        return escape(self.spoken())

    def spoken(self) -> str:
        """The text in the language that is spoken now."""
        return _said(self._message, self._many, self._values)


def text(message: LiteralString, **values: object) -> Text:
    """A text that people read; ``%(name)s`` stands for a value. The catalogues know the message."""
    return Text.of(message, "", values)


def counted(one: LiteralString, many: LiteralString, num: int, **values: object) -> Text:
    """A text about so many, which are ``%(num)s`` in it."""
    return Text.of(one, many, {"num": num, **values})


def told(error: "Unfit") -> Text:
    """Why something of a tenant cannot be."""
    return Text.of(error.message, "", error.values)


def by_plugin(said: str) -> Text:
    """What a plugin says of itself, or what was kept in English: a catalogue may know it."""
    return said if isinstance(said, Text) else Text.of(said, "", {})


def _said(message: str, many: str, values: Mapping[str, object]) -> str:
    if not message:
        return ""  # what a catalogue has under it is what it says of itself
    if many:
        form = catalogues.ngettext(message, many, cast("int", values["num"]))
    else:
        form = catalogues.gettext(message)
    return form % {name: _shown(each) for name, each in values.items()} if values else form


def _shown(value: object) -> object:
    if isinstance(value, Text):
        return value.spoken()
    return number(value) if type(value) is int else value
