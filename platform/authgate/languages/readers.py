"""Who reads an answer: what is known of the languages that they want."""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import islice

from authgate.languages.accepted import MOST, accepted
from authgate.languages.spoken import Language, matching


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is shown a page."""

    accept_language: str = ""
    """What their browser asks for, as it was sent."""
    chosen: str = ""
    """The tag that they chose on a page themselves."""
    asked: tuple[str, ...] = ()
    """What the application asks for that sent them (OpenID Connect Core section 3.1.2.1,
    ``ui_locales``)."""
    here: str = ""
    """The address that they come back to in another language; empty where there is none."""

    def wishes(self) -> tuple[str, ...]:
        """Tags, the best first. What somebody chose on our own pages is before what an application
        thinks of them, and both are before what their browser came with."""
        chosen = (self.chosen,) if self.chosen else ()
        return (*chosen, *self.asked, *accepted(self.accept_language))

    def reads(self, offered: Sequence[Language]) -> Language:
        """The language, of those that are offered; the first of them where none is wanted."""
        wanted = (matching(tag, offered) for tag in self.wishes())
        return next((each for each in wanted if each is not None), offered[0])


_NOBODY = Reader()
_reader: ContextVar[Reader] = ContextVar("authgate_reader", default=_NOBODY)


def reader() -> Reader:
    """Who reads the answer to this request. They are known where pages are made, and nowhere
    else."""
    return _reader.get()


def has_come(somebody: Reader) -> None:
    """They have sent this request."""
    _reader.set(somebody)


def has_come_with(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Somebody has sent this request with these headers, whose names are in small letters."""
    said = b",".join(value for name, value in headers if name == b"accept-language")
    has_come(Reader(accept_language=said.decode("latin-1")))


def is_asked_for(ui_locales: Iterable[str]) -> None:
    """The application that has sent them asks for these languages, of which few are looked at."""
    has_come(replace(reader(), asked=tuple(islice(ui_locales, MOST))))
