"""Ways to spoil a request, each by one thing that the standards forbid or that nobody expects."""

from collections.abc import Callable, Sequence
from random import Random

from authgate_testing.bad_requests import junk
from authgate_testing.bad_requests.message import Message

Spoiler = Callable[[Random, Message], None]


def method(random: Random, message: Message) -> None:
    """Another method, or none."""
    message.method = random.choice(junk.METHODS)


def version(random: Random, message: Message) -> None:
    """Another version of HTTP, or none."""
    message.version = random.choice(junk.VERSIONS)


def request_line(random: Random, message: Message) -> None:
    """Other marks between the parts of lines."""
    message.gap = random.choice((b"", b"  ", b"\t", b"\r\n", b"\0", b"\x0b"))


def line_ends(random: Random, message: Message) -> None:
    """Other ends of lines, or other marks between names and values."""
    if random.random() < 0.5:
        message.line_end = random.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"", b"\r\n "))
    else:
        message.colon = random.choice((b" : ", b"", b":", b"::", b":\0", b"=", b":\r\n ", b"\t:"))


def target(random: Random, message: Message) -> None:
    """A target in another form, or one that parsers read in several ways."""
    path = message.target
    message.target = random.choice(_TARGETS)(random, path)


def _with_escapes(random: Random, path: bytes) -> bytes:
    return b"".join(b"%%%02x" % byte if random.random() < 0.3 else bytes([byte]) for byte in path)


_TARGETS: Sequence[Callable[[Random, bytes], bytes]] = (
    lambda _, path: b"/" + path,
    lambda _, path: path.replace(b"/", b"//"),
    lambda _, path: path.replace(b"/", b"%2f"),
    lambda _, path: path.replace(b"/", b"\\"),
    lambda _, path: path.replace(b"/oauth", b"/./oauth/.."),
    lambda _, path: b"/t/other/.." + path,
    lambda _, path: b"/t/other/..%2f" + path,
    lambda _, path: path + b"/",
    lambda _, path: path + b"%00",
    lambda _, path: path + b"\0",
    lambda _, path: path + b"#fragment",
    lambda _, path: path + b";jsessionid=1",
    lambda _, path: b"http://evil.test" + path,
    lambda _, path: b"https://localhost:8080" + path,
    lambda _, path: b"evil.test:443",
    lambda _, path: b"*",
    lambda _, path: b"",
    lambda _, path: path.lstrip(b"/"),
    lambda _, path: path.upper(),
    lambda _, path: b"/" + b"a" * 9_000,
    lambda _, path: b"/" + b"../" * 400,
    lambda _, path: path + b"?" + b"a=b&" * 1_000,
    lambda random, path: path + b"?" + random.choice(junk.ANYWHERE),
    lambda random, path: path + b"?user_code=" + random.choice(junk.ANYWHERE),
    lambda random, path: path + b"?return_to=" + random.choice(junk.ANYWHERE),
    lambda random, path: path + b"/" + random.choice(junk.ANYWHERE),
    lambda random, path: b"/t/" + random.choice(junk.ANYWHERE) + path,
    lambda random, path: b"/static/" + random.choice(junk.ANYWHERE),
    lambda random, _: b"/login/" + random.choice(junk.ANYWHERE) + b"/callback",
    _with_escapes,
)


def host(random: Random, message: Message) -> None:
    """No host, several, or another one."""
    way = random.randrange(4)
    if way == 0:
        message.remove(b"Host")
    elif way == 1:
        message.add(b"Host", random.choice(junk.HOSTS))
    else:
        message.replace(b"Host", random.choice(junk.HOSTS))


def fields(random: Random, message: Message) -> None:
    """Fields that are too many, too large, folded, or none at all."""
    random.choice(_FIELDS)(random, message)


_FIELDS: Sequence[Spoiler] = (
    lambda random, message: message.fields.extend([(b"X", b"a")] * random.choice((98, 101, 600))),
    lambda random, message: message.add(b"X", b"a" * random.choice((8_000, 17_000, 70_000))),
    lambda random, message: message.add(b"X" * random.choice((300, 20_000)), b"a"),
    lambda random, message: message.add(b"X", b"a\r\n b"),
    lambda random, message: message.add(b"X", b"a\nb"),
    lambda random, message: message.add(b"X", b"a\rb"),
    lambda random, message: message.add(b"X", b"a\0b"),
    lambda random, message: message.add(b"", b"a"),
    lambda random, message: message.add(b"X Y", b"a"),
    lambda random, message: message.add(b"\xff\xfe", b"\xff\xfe"),
    lambda random, message: message.add(b"User-Agent", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"User-Agent", b"\xff" * 4_000),
    lambda random, message: message.add(b"Accept", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"Accept-Encoding", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"Accept-Language", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"If-None-Match", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"If-Modified-Since", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"Range", random.choice((b"bytes=0-", b"bytes=9-1", b"x"))),
    lambda random, message: message.add(b"Origin", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"Sec-Fetch-Site", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"X-Request-ID", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"X-Forwarded-For", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"Forwarded", b"for=\"[::1"),
    lambda random, message: message.add(b"traceparent", random.choice(junk.ANYWHERE)),
    lambda random, message: message.add(b"Expect", random.choice((b"100-continue", b"x"))),
    lambda random, message: message.add(b"Connection", random.choice((b"close, x", b"x", b""))),
    lambda random, message: message.fields.extend(
        [(b"Connection", b"Upgrade"), (b"Upgrade", random.choice((b"websocket", b"h2c", b"")))]
    ),
    lambda random, message: message.add(b"Content-Encoding", b"gzip"),
    lambda random, message: message.add(b"TE", b"trailers, deflate;q=0.5"),
    lambda random, message: message.add(b"Trailer", b"Host"),
    lambda random, message: message.fields.clear(),
)  # fmt: skip


def length(random: Random, message: Message) -> None:
    """A body whose length is said in no way, in two ways, or in a wrong way."""
    body = message.body = message.body or b"abcde"
    right = b"Content-Length: %d" % len(body)
    chunked = b"Transfer-Encoding: chunked"
    way = random.randrange(8)
    if way == 0:
        message.framing = random.sample([right, chunked], 2)
    elif way == 1:
        message.framing = [right, b"Content-Length: %d" % (len(body) + random.choice((-1, 0, 1)))]
    elif way == 2:
        message.framing = [b"Content-Length: " + random.choice(junk.LENGTHS)]
    elif way == 3:
        message.framing = [b"Transfer-Encoding: " + random.choice(junk.CODINGS)]
        message.sent_body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    elif way == 4:
        message.framing = [chunked]
        message.sent_body = random.choice(junk.CHUNKS)
    elif way == 5:
        message.framing = [b"Content-Length: %d" % random.randrange(len(body))]
    elif way == 6:
        message.framing = [b"Content-Length: %d" % (len(body) + random.choice((1, 70_000, 10**9)))]
    else:
        message.framing = []


def content_type(random: Random, message: Message) -> None:
    """A body of another kind than it says, or two kinds."""
    change = message.add if random.random() < 0.2 else message.replace
    change(b"Content-Type", random.choice(junk.TYPES))


def form(random: Random, message: Message) -> None:
    """A form that no program writes."""
    body = message.body or b""
    message.body = random.choice(_FORMS)(random, body)


_PART = b'--x\r\nContent-Disposition: form-data; name="a"'
_FORMS: Sequence[Callable[[Random, bytes], bytes]] = (
    lambda random, body: body + b"&" + body,
    lambda random, body: body + b"&" * random.choice((1, 99, 5_000)),
    lambda random, body: body + b"".join(b"&f%d=" % number for number in range(120)),
    lambda random, body: body + b"".join(b"&f%d=" % number for number in range(9_000)),
    lambda random, body: body + b"&x=" + b"a" * random.choice((9_000, 66_000, 300_000)),
    lambda random, body: body + b"&" + b"x" * 9_000 + b"=a",
    lambda random, body: body.replace(b"=", b"=" + random.choice(junk.ANYWHERE)),
    lambda random, body: body.replace(b"=", random.choice(junk.ANYWHERE) + b"="),
    lambda random, body: body + b"&%b=%b" % tuple(random.choices(junk.ANYWHERE, k=2)),
    lambda random, body: body.replace(b"=", b"[]="),
    lambda random, body: body.replace(b"&", b";"),
    lambda random, body: body.decode("latin-1").encode("utf-16"),
    lambda random, body: b"\xef\xbb\xbf" + body,
    lambda random, body: _PART + b"\r\n\r\nb\r\n--x--\r\n",
    lambda random, body: (_PART + b'; filename="../x"\r\n') * 200,
    lambda random, body: b"--x\r\n" * 3_000,
    lambda random, body: random.randbytes(random.choice((1, 100, 5_000))),
    lambda random, body: b"",
)  # fmt: skip


def document(random: Random, message: Message) -> None:
    """JSON that is too deep, too large, or no JSON."""
    message.replace(b"Content-Type", b"application/json")
    message.body = random.choice(junk.DOCUMENTS)


def credentials(random: Random, message: Message) -> None:
    """What nobody can be known by."""
    change = message.add if random.random() < 0.2 else message.replace
    change(b"Authorization", random.choice(junk.CREDENTIALS))


def cookies(random: Random, message: Message) -> None:
    """Cookies that nobody has set."""
    change = message.add if random.random() < 0.3 else message.replace
    change(b"Cookie", random.choice(junk.COOKIES))


ALL: Sequence[Spoiler] = (
    method, version, request_line, line_ends, target, target, host, fields, fields, length, length,
    content_type, form, form, document, credentials, cookies,
)  # fmt: skip

OF_ADDRESSES: frozenset[Spoiler] = frozenset({target})
"""After which nobody knows who is asked."""
