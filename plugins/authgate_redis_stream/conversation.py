"""Redis' protocol (RESP2), as far as it takes to append: commands there, short answers back.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from authgate.plugin_api import Stream

_LONGEST_LINE = 4096
_LONGEST_TEXT = 65_536
_DIGITS = len(str(_LONGEST_TEXT))
_END = b"\r\n"


class RedisRefused(Exception):
    """Redis does not do what it is asked, or answers otherwise than it should. What it says is
    shown to nobody: else whoever may name a server could look around."""


def command(*words: str | bytes) -> bytes:
    """A command as it is sent."""
    said = [each.encode() if isinstance(each, str) else each for each in words]
    parts = b"".join(b"$%d\r\n%b\r\n" % (len(each), each) for each in said)
    return b"*%d\r\n%b" % (len(said), parts)


class Answers:
    """What comes back, one answer for each command."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._received = bytearray()

    async def good(self) -> None:
        """Take the next answer. Raises ``RedisRefused`` where it is an error or none that there
        is, and ``StreamFailure``."""
        line = await self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            await self._text(rest)
        elif kind not in {b"+", b":"}:
            raise RedisRefused("It does not take what it is sent.")

    async def _line(self) -> bytes:
        while (end := self._received.find(_END)) < 0:
            if len(self._received) > _LONGEST_LINE:
                raise RedisRefused("It does not answer as Redis does.")
            await self._more()
        line = bytes(self._received[:end])
        del self._received[: end + len(_END)]
        return line

    async def _text(self, length: bytes) -> None:
        if not length.isdigit() or len(length) > _DIGITS or int(length) > _LONGEST_TEXT:
            raise RedisRefused("It does not answer as Redis does.")
        whole = int(length) + len(_END)
        while len(self._received) < whole:
            await self._more()
        del self._received[:whole]

    async def _more(self) -> None:
        came = await self._stream.receive()
        if not came:
            raise RedisRefused("It has ended the connection.")
        self._received += came
