"""What a server has said on one connection, and what must hold of it whatever was asked."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from authgate.oauth import errors
from authgate.oauth.errors import OAuthError
from authgate_testing.bad_requests.generator import BadRequest

_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[!-9;-~]+: [^\r\n]*\r\n)*)\r\n")
_JSON = re.compile(rb"application/(?:[a-z-]+\+)?json\b")
_FOREIGN_VERSION = re.compile(rb"HTTP/[2-9]")
_WITHOUT_BODY = (204, 304)
_REDIRECTS = (303, 304)
_TALKATIVE = (b"Traceback", b"asyncpg", b"sqlite3", b"tortoise", b"/site-packages/")
_DESCRIPTION = re.compile(r"[ !#-\[\]-~]*")
_CODES = {
    each.code for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, OAuthError) and each is not OAuthError
} | {"not_found", "misdirected_request", "access_denied", "unauthorized"}  # fmt: skip


class Malformed(ValueError):
    """What the server has said is no HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    fields: dict[bytes, bytes]
    body: bytes

    @property
    def content_type(self) -> bytes:
        """What kind of body it has, in small letters."""
        return self.fields.get(b"content-type", b"").lower()


@dataclass(frozen=True, slots=True)
class Heard:
    """What a client has heard."""

    said: bytes
    ended: bool
    """Whether the server has ended the connection."""

    cut: bool
    """Whether the connection broke, and took with it what was on the line."""

    urged: bool
    """Whether the client had to say that nothing more would come."""


def parsed(said: bytes, *, may_lack_bodies: bool) -> tuple[list[Answer], bytes]:
    """Whole answers, and what is behind them. Raises ``Malformed``.

    An answer to HEAD has a length and no body, which only who asked can tell.
    """
    answers: list[Answer] = []
    while b"\r\n\r\n" in said:
        head = _HEAD.match(said)
        if head is None:
            raise Malformed(repr(said[:200]))
        lines = [line.partition(b": ") for line in head[2].splitlines()]
        fields = {name.lower(): value for name, _, value in lines}
        rest, status = said[head.end() :], int(head[1])
        length = _length(status, fields)
        if may_lack_bodies and (not rest or rest.startswith(b"HTTP/1.1 ")):
            length = 0
        if len(rest) < length:
            break
        if status >= 200:
            answers.append(Answer(status, fields, rest[:length]))
        said = rest[length:]
    return answers, said


def _length(status: int, fields: dict[bytes, bytes]) -> int:
    if status < 200 or status in _WITHOUT_BODY:
        return 0
    if not fields.get(b"content-length", b"").isdigit():
        raise Malformed(f"an answer {status} of unknown length")
    return int(fields[b"content-length"])


def faults(request: BadRequest, heard: Heard) -> Iterator[str]:
    """What must not be."""
    try:
        answers, rest = parsed(heard.said, may_lack_bodies=b"HEAD" in request.data)
    except Malformed as error:
        yield f"no HTTP: {error}"
        return
    if not answers and not heard.ended:
        yield "hangs"
    left_alone = heard.ended and not heard.cut and not heard.urged
    if not answers and left_alone and b"\r\n\r\n" in request.data:
        yield "ends without a word"
    if rest and heard.ended and not heard.cut:
        yield f"ends in the middle of an answer: {rest[:200]!r}"
    for answer in answers:
        yield from _faults(request, answer)


def _faults(request: BadRequest, answer: Answer) -> Iterator[str]:
    if answer.status >= 500 and not _is_asked_for(request, answer.status):
        yield f"is answered {answer.status}"
    if 300 <= answer.status < 400 and answer.status not in _REDIRECTS:
        yield f"is redirected by {answer.status}"
    if b"x-planted" in answer.fields:
        yield "plants a header"
    yield from (f"tells of {word!r}" for word in _TALKATIVE if word in answer.body)
    if request.is_for_programs and answer.body:
        yield from faults_for_programs(answer)


def _is_asked_for(request: BadRequest, status: int) -> bool:
    """The two that are no failures of ours.

    RFC 9112 section 6.1 asks for 501 where a transfer coding is unknown, RFC 9110 section 15.6.6
    for 505 where another major version of HTTP is spoken.
    """
    if status == 501:
        return b"transfer-encoding:" in request.data.lower()
    return status == 505 and bool(_FOREIGN_VERSION.search(request.data))


def faults_for_programs(answer: Answer) -> Iterator[str]:
    """What must not be in an answer of an endpoint that programs ask (RFC 6749 section 5.2)."""
    if not _JSON.match(answer.content_type):
        yield f"is answered with {answer.content_type!r}"
    elif answer.status >= 400:
        told = json.loads(answer.body)
        if told.get("error") not in _CODES:
            yield f"is refused as {told.get('error')!r}"
        yield from faults_of_wording(told.get("error_description", ""))


def faults_of_wording(description: str) -> Iterator[str]:
    """What must not be in an ``error_description`` (RFC 6749 sections 4.1.2.1 and 5.2)."""
    if not _DESCRIPTION.fullmatch(description):
        yield f"is refused in odd letters: {description!r}"
