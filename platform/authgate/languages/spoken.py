"""The languages that there are, by their tags (RFC 5646), and the one that is spoken now."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, NamedTuple


class Language(NamedTuple):
    """One that pages can be in."""

    tag: str
    name: str
    """As those call it who read it."""
    locale: str
    """What Babel knows it by."""
    direction: Literal["ltr", "rtl"] = "ltr"
    also: tuple[str, ...] = ()
    """Other tags of those who read it, in small letters: what a browser sends where regions differ
    by their script."""


ENGLISH: Final = Language("en", "English", "en")

LANGUAGES: Final = (
    ENGLISH,
    # Of ``zh`` alone the script is not known, and mostly is the other one.
    Language("zh-Hant", "繁體中文", "zh_Hant_TW", also=("zh-tw", "zh-hk", "zh-mo")),
)
"""Each has a catalogue, but for the one that the texts are written in."""

_LONGEST_TAG = 35
"""What RFC 5646 section 4.4.1 wants to be read at least."""

_spoken: ContextVar[Language] = ContextVar("authgate_language", default=ENGLISH)


def spoken() -> Language:
    """The language of the page or letter that is being made."""
    return _spoken.get()


def speak(language: Language) -> None:
    """Speak it from now on, until this request or job is over."""
    _spoken.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak it for a while."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def offered(tags: Iterable[str]) -> Sequence[Language]:
    """Those with these tags, in their order; all that there are where nobody chose any of them."""
    known = {each.tag: each for each in LANGUAGES}
    return [known[tag] for tag in dict.fromkeys(tags) if tag in known] or LANGUAGES


def in_order(tags: Iterable[str], default: str) -> Sequence[Language]:
    """Those that are offered, the default before the others."""
    return sorted(offered(tags), key=lambda each: each.tag != default)


def matching(tag: str, among: Sequence[Language]) -> Language | None:
    """The one that somebody reads who asks for this tag (RFC 4647 section 3.4, "lookup")."""
    if len(tag) > _LONGEST_TAG:
        return None
    by_tag = {name: each for each in among for name in (each.tag.lower(), *each.also)}
    parts = tag.lower().split("-")
    tags = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((by_tag[each] for each in tags if each in by_tag), None)
