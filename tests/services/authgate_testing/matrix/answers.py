"""What a request led to, told so that two of them can be compared."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from urllib.parse import quote, quote_plus

from authgate_testing.matrix.requests import Answer
from authgate_testing.matrix.stored import Events

_MADE = (
    # Before what may be found within one.
    re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}"),
    # Moments, user codes, and whatever else is made anew for each answer: ids, tokens, keys.
    re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|\b1[789]\d{8}\b"),
    re.compile(r"\b\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT"),
    re.compile(r"\b[A-Z]{4}-[A-Z]{4}\b"),
    # Of authenticator apps the picture and the key, and the codes in their stead.
    re.compile(r"(?:M\d+ \d+h1v1h-1z)+"),
    re.compile(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b"),
    re.compile(r"\b[a-z2-9]{4}(?:-[a-z2-9]{4}){3}\b"),
    re.compile(r"[A-Za-z0-9_-]{20,}={0,2}(?:\.[A-Za-z0-9_-]+)*"),
)
_OF_THE_BODY = ("x-request-id", "content-length", "date", "etag")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer without what the request said itself, and what was written down."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    """With what was made for it."""
    events: Events
    """Of the own tenant's audit log."""

    @classmethod
    def of(cls, answer: Answer, events: Events, *, sent: Iterable[str]) -> "Outcome":
        """What an answer comes to, where these values were sent."""
        spelled = {each for value in sent if value for each in _spellings(value)}
        words = sorted(spelled, key=len, reverse=True)
        hidden = re.compile("|".join(map(re.escape, words or ["\0"])))
        request_id = dict(answer.headers).get("x-request-id", "\0")

        def without(text: str) -> str:
            return hidden.sub("?", text.replace(request_id, "~"))

        headers = [each for each in answer.headers if each[0] not in _OF_THE_BODY]
        return cls(
            answer.status,
            tuple((name, _plain(without(text))) for name, text in headers),
            without(answer.body.decode("utf-8", "replace")),
            events,
        )

    def around(self, word: str) -> str:
        """What it says where it says this; nothing where it does not."""
        if word not in f"{self.headers} {self.body}":
            return ""
        told = f"{self.headers} {_plain(self.body)}"
        at = told.find(word)
        return told[max(0, at - 60) : at + 60] if at >= 0 else ""

    def unlike(self, other: "Outcome") -> str:
        """By what it differs from another one; nothing where it does not."""
        for name in ("status", "headers", "events"):
            first, second = getattr(self, name), getattr(other, name)
            if first != second:
                return f"{name}: {first} and not {second}"
        if self.body == other.body:  # as nearly always, and to make them plain takes its time
            return ""
        bodies = (_plain(each.body).splitlines() for each in (self, other))
        lines = zip_longest(*bodies, fillvalue="")
        return next((f"{one!r} and not {two!r}" for one, two in lines if one != two), "")


def _plain(text: str) -> str:
    for made in _MADE:
        text = made.sub("~", text)
    return text


def _spellings(value: str) -> Iterator[str]:
    yield from (value, html.escape(value), json.dumps(value)[1:-1])
    yield from (quote(value), quote(value, safe=""), quote_plus(value))
