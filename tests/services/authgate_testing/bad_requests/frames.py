"""HTTP/2 frames that no client sends: made from a seed, sent over TLS, and judged (RFC 9113)."""

import asyncio
import ssl
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from random import Random

from hpack import Decoder, Encoder
from hpack.exceptions import HPACKError
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import Frame, GoAwayFrame, HeadersFrame

from authgate_testing.bad_requests import spoilers
from authgate_testing.bad_requests.message import Field, Message
from authgate_testing.bad_requests.stage import Stage
from authgate_testing.processes import LOOPBACK

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _PRIORITY, _RESET, _SETTINGS, _PROMISE, _PING, _GOAWAY, _WINDOW, _CONTINUATION = (
    range(10)
)
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITIZED = 0x1, 0x4, 0x8, 0x20
_ARE_YOU_THERE = b"still on"
_HEAD_BYTES = 9
_PATIENCE_SECONDS = 10.0
_SHORT_PATIENCE_SECONDS = 0.3

Frames = Callable[[Random, int], bytes]


def frame(kind: int, flags: int, stream: int, body: bytes, *, length: int | None = None) -> bytes:
    """A frame, with the length that it has or with another one."""
    said = len(body) if length is None else length
    return struct.pack(">I", said)[1:] + struct.pack(">BBI", kind, flags, stream) + body


_ODD_FIELDS: tuple[Field, ...] = (
    (b"Upper", b"a"), (b"", b"a"), (b"x y", b"a"), (b"x", b"a\r\nb: c"), (b"x", b"\0"),
    (b"x", b" a "), (b"connection", b"close"), (b"transfer-encoding", b"chunked"),
    (b"te", b"gzip"), (b":status", b"200"), (b":method", b"GET"), (b":path", b"/"),
    (b":protocol", b"websocket"), (b":authority", b"evil.test"), (b"host", b"evil.test"),
    (b"content-length", b"-1"), (b"content-length", b"99"), (b"upgrade", b"h2c"),
    (b"cookie", b"authgate_session=a"), (b"\xff", b"\xff"), (b"x", b"a" * 9_000),
    (b"proxy-connection", b"a"), (b"content-length", b"5, 6"), (b"expect", b"100-continue"),
    (b"x", b"\x7f"), (b":scheme", b"http"),
)  # fmt: skip

_ODD_FRAMES: Sequence[Frames] = (
    lambda random, stream: frame(_DATA, 0, 0, b"a"),
    lambda random, stream: frame(_DATA, _END_STREAM, stream, b"a" * 20),
    lambda random, stream: frame(_DATA, _PADDED, stream, b"\xff" + b"a"),
    lambda random, stream: frame(_DATA, 0, stream + 40, b"a"),
    lambda random, stream: frame(_DATA, 0, stream, b"a" * 17_000),
    lambda random, stream: frame(_HEADERS, _END_HEADERS, 0, b"\x82"),
    lambda random, stream: frame(_HEADERS, _END_HEADERS, stream + 1, b"\x82"),
    lambda random, stream: frame(_HEADERS, _END_HEADERS, stream, b"\x82"),
    lambda random, stream: frame(_HEADERS, _END_HEADERS, stream + 2, random.randbytes(30)),
    lambda random, stream: frame(_HEADERS, _END_HEADERS, stream + 2, b"\xbe\xff\xff\xff\xff\xff"),
    lambda random, stream: frame(_HEADERS, _END_HEADERS, stream + 2, b"\x3f\xff\xff\xff\x0f"),
    lambda random, stream: frame(_HEADERS, _END_HEADERS | _PADDED, stream + 2, b"\xff\x82"),
    lambda random, stream: frame(_HEADERS, _END_HEADERS | _PRIORITIZED, stream + 2, b"\0\0"),
    lambda random, stream: frame(_HEADERS, 0, stream + 2, b"\x82") + frame(_PING, 0, 0, b"a" * 8),
    lambda random, stream: frame(_CONTINUATION, _END_HEADERS, stream, b"\x82"),
    lambda random, stream: frame(_PRIORITY, 0, stream, struct.pack(">IB", stream, 1)),
    lambda random, stream: frame(_PRIORITY, 0, 0, b"\0" * 5),
    lambda random, stream: frame(_PRIORITY, 0, stream, b"\0"),
    lambda random, stream: frame(_RESET, 0, stream, b"\0\0\0\x08"),
    lambda random, stream: frame(_RESET, 0, stream + 60, b"\0\0\0\x08"),
    lambda random, stream: frame(_RESET, 0, stream, b"\0"),
    lambda random, stream: frame(_SETTINGS, 0, 0, b"\0" * 5),
    lambda random, stream: frame(_SETTINGS, 1, 0, b"\0" * 6),
    lambda random, stream: frame(_SETTINGS, 0, stream, b""),
    lambda random, stream: frame(_SETTINGS, 0, 0, struct.pack(">HI", 4, 2**32 - 1)),
    lambda random, stream: frame(_SETTINGS, 0, 0, struct.pack(">HI", 5, 1)),
    lambda random, stream: frame(_SETTINGS, 0, 0, struct.pack(">HI", 2, 7)),
    lambda random, stream: frame(
        _SETTINGS, 0, 0, struct.pack(">HI", random.randrange(9), random.getrandbits(32))
    ),
    lambda random, stream: frame(_PROMISE, _END_HEADERS, stream, b"\0\0\0\x02\x82"),
    lambda random, stream: frame(_PING, 0, 0, b"short"),
    lambda random, stream: frame(_PING, 0, stream, b"a" * 8),
    lambda random, stream: frame(_GOAWAY, 0, 0, b"\0" * 8),
    lambda random, stream: frame(_GOAWAY, 0, 0, b"\0"),
    lambda random, stream: frame(_WINDOW, 0, 0, b"\0\0\0\0"),
    lambda random, stream: frame(_WINDOW, 0, stream, b"\0\0\0\0"),
    lambda random, stream: frame(_WINDOW, 0, 0, b"\x7f\xff\xff\xff") * 2,
    lambda random, stream: frame(_WINDOW, 0, stream, b"\x7f\xff\xff\xff"),
    lambda random, stream: frame(0xBB, 0xFF, stream, random.randbytes(20)),
    lambda random, stream: frame(
        random.randrange(256), random.randrange(256), random.getrandbits(32), random.randbytes(9)
    ),
    lambda random, stream: frame(_DATA, 0, stream, b"a", length=2**24 - 1),
    lambda random, stream: frame(_HEADERS, 0, stream + 2, b"\x82", length=60),
    lambda random, stream: random.randbytes(random.choice((1, 9, 200))),
    lambda random, stream: b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
)  # fmt: skip


_LAWFUL = (
    spoilers.target, spoilers.content_type, spoilers.form, spoilers.document, spoilers.credentials,
    spoilers.cookies,
)  # fmt: skip
"""What is wrong by them is not wrong by the rules of frames, so it is answered."""


class FrameGenerator:
    """Connections by number: one seed and one number always make the same bytes."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._templates = [*stage.programs(), *stage.pages()]
        self._seed = seed

    def connection(self, number: int) -> tuple[str, bytes]:
        """The name of a connection, and what is said on it."""
        random = Random(f"{self._seed}/frames/{number}")  # noqa: S311  # to be repeated
        breaks_rules = random.random() < 0.6
        said, encoder = [_PREFACE, frame(_SETTINGS, 0, 0, b"")], Encoder()
        for index in range(random.randrange(1, 5)):
            said.append(self._request(random, encoder, 2 * index + 1, odd=breaks_rules))
            if breaks_rules and random.random() < 0.5:
                said.append(random.choice(_ODD_FRAMES)(random, 2 * index + 1))
        data = bytearray(b"".join(said))
        if breaks_rules and random.random() < 0.3:
            begin = random.choice((0, len(_PREFACE)))
            for _ in range(random.choice((1, 2, 6))):
                data[random.randrange(begin, len(data))] = random.randrange(256)
        return f"{self._seed}/frames/{number}", bytes(data)

    def _request(self, random: Random, encoder: Encoder, stream: int, *, odd: bool) -> bytes:
        message = random.choice(self._templates).copy()
        if random.random() < 0.7:
            random.choice(spoilers.ALL if odd else _LAWFUL)(random, message)
        fields = _fields(message)
        if odd and random.random() < 0.5:
            fields.insert(random.randrange(len(fields) + 1), random.choice(_ODD_FIELDS))
        if odd and random.random() < 0.1:
            fields.pop(random.randrange(len(fields)))
        block = encoder.encode(fields, huffman=random.random() < 0.5)
        body = message.body if message.sent_body is None else message.sent_body
        flags = _END_HEADERS | (_END_STREAM if body is None else 0)
        head, rest = block[:16_000], block[16_000:]
        if rest:
            head = frame(_HEADERS, flags ^ _END_HEADERS, stream, head)
            return head + frame(_CONTINUATION, _END_HEADERS, stream, rest[:16_000])
        data = b"" if body is None else frame(_DATA, _END_STREAM, stream, body[:16_000])
        return frame(_HEADERS, flags, stream, head) + data


def _fields(message: Message) -> list[Field]:
    named = dict(message.fields)
    pseudo = [
        (b":method", message.method),
        (b":scheme", b"https"),
        (b":authority", named.get(b"Host", b"")),
        (b":path", message.target),
    ]
    rest = [(name.lower(), value) for name, value in message.fields if name != b"Host"]
    return [*pseudo, *rest]


async def send_frames(
    port: int, trust: ssl.SSLContext, connections: Iterable[tuple[str, bytes]], *, at_once: int = 30
) -> tuple[list[str], int]:
    """Send all of them, so many at a time; what must not be, and how many requests were answered.

    Behind what is wrong comes a ping: it is answered, or the connection is ended.
    """
    found: list[str] = []
    coming, answered = iter(connections), count()

    async def go_on() -> None:
        for name, data in coming:
            said, is_over = await _heard(port, trust, data)
            problems = [*faults(said, answered), *([] if is_over else ["hangs"])]
            found.extend(f"{name} {each}; it said {data!r:.1500}" for each in problems)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(go_on())
    return found, next(answered)


async def _heard(port: int, trust: ssl.SSLContext, data: bytes) -> tuple[bytes, bool]:
    """What the server says, and whether it has answered the ping or ended the connection."""
    reader, writer = await asyncio.open_connection(
        LOOPBACK, port, ssl=trust, server_hostname="localhost"
    )
    # A frame that never ends takes the ping for a part of itself.
    is_whole = _is_whole(data)
    said = b""
    try:
        writer.write(data + frame(_PING, 0, 0, _ARE_YOU_THERE))
        while not _says_goodbye(said):
            is_there = _ARE_YOU_THERE in said
            patience = _PATIENCE_SECONDS if is_whole and not is_there else _SHORT_PATIENCE_SECONDS
            more = await asyncio.wait_for(reader.read(65536), patience)
            if not more:
                break
            said += more
    except TimeoutError:
        return said, _ARE_YOU_THERE in said or not is_whole
    except OSError:
        pass  # the server was faster
    finally:
        writer.transport.abort()
    return said, True


def _says_goodbye(said: bytes) -> bool:
    return any(isinstance(each, GoAwayFrame) for each in _frames(said))


def _is_whole(data: bytes) -> bool:
    if not data.startswith(_PREFACE):
        return True
    at = len(_PREFACE)
    while at + _HEAD_BYTES <= len(data):
        at += _HEAD_BYTES + int.from_bytes(data[at : at + 3], "big")
    return at == len(data)


def faults(said: bytes, answered: Iterator[int]) -> Iterator[str]:
    """What must not be in what a server has said; each answer that it has thought about counts, and
    one that says when to come back does not."""
    decoder = Decoder()
    try:
        for each in _frames(said):
            if isinstance(each, HeadersFrame):
                fields = dict(decoder.decode(each.data, raw=True))
                status = int(fields[b":status"])
                if status == 503 and b"retry-after" in fields:
                    continue  # more passwords at once than there are places in the line
                next(answered)
                if status >= 500:
                    yield f"is answered {status}"
    except (HyperframeError, HPACKError, KeyError, ValueError) as error:
        yield f"is answered with no HTTP/2: {error!r}"


def _frames(said: bytes) -> Iterator[Frame]:
    while len(said) >= _HEAD_BYTES:
        found, length = Frame.parse_frame_header(memoryview(said[:_HEAD_BYTES]))
        body = said[_HEAD_BYTES : _HEAD_BYTES + length]
        if len(body) < length:
            return
        found.parse_body(memoryview(body))
        yield found
        said = said[_HEAD_BYTES + length :]
