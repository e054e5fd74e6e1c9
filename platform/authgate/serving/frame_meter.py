"""What an HTTP/2 client may send that brings no answer nearer (RFC 9113 section 10.5).

A frame costs its sender a few bytes, and us a hundred times the work: floods of pings, settings,
resets, empty or unended frames. So frames are counted as they come, before anything is done about
them. Requests pay for the frames that reading their answers needs.
"""

from collections.abc import Callable

from authgate.serving.request_head import MAX_HEAD_BYTES

FRAMES_AT_ONCE = 1000
"""How many idle frames a client may send in one go. Clients that read a large answer send two for
each 16 KiB of it, and a few dozen at their start."""

FRAMES_PER_SECOND = 50
"""How many a client may go on sending for ever; a busy proxy's pings and resets are fewer."""

RESET_COST = 5
"""What taking back a request costs, in frames: its work is done all the same. Two hundred at once
are more than browsers have open when somebody leaves a page (CVE-2023-44487)."""

ANSWER_CREDIT = 5
"""Frames that an answer brings: its client may ask for another, or take that one back."""

BYTES_A_FRAME = 1024
"""One more frame for so many bytes of answers."""

_SMALL_DATA_BYTES = 256
"""A piece of a body below this is idle. A request may well end with one."""

_PREFACE_BYTES = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
_FRAME_HEAD_BYTES = 9
_SETTING_BYTES = 6
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _CONTINUATION = 0, 1, 3, 4, 9


class TooManyFrames(Exception):
    """The client sends more than any client has reason to."""


class FrameMeter:
    """Reads the heads of a client's frames, and says when there are too many of the idle kind."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: float = FRAMES_AT_ONCE
        self._paid_at = clock()
        self._to_skip = _PREFACE_BYTES
        self._begun = b""
        self._block_bytes = 0
        self._bytes_answered = 0

    def read(self, received: bytes, *, bytes_answered: int) -> None:
        """Count what has come; so much was answered so far. Raises ``TooManyFrames``."""
        self.earn((bytes_answered - self._bytes_answered) / BYTES_A_FRAME)
        self._bytes_answered = bytes_answered
        received = self._begun + received
        at = self._to_skip
        cost = 0
        while at + _FRAME_HEAD_BYTES <= len(received):
            length = int.from_bytes(received[at : at + 3], "big")
            cost += self._cost(kind=received[at + 3], length=length)
            at += _FRAME_HEAD_BYTES + length
        self._begun = received[at:]
        self._to_skip = max(0, at - len(received))
        self.spend(cost)

    def spend(self, frames: int) -> None:
        """Count so many idle frames. Raises ``TooManyFrames``."""
        now = self._clock()
        self.earn((now - self._paid_at) * FRAMES_PER_SECOND)
        self._paid_at = now
        self._left -= frames
        if self._left < 0:
            raise TooManyFrames("idle frames")

    def earn(self, frames: float) -> None:
        """Allow for so many more frames, up to what is allowed at once."""
        self._left = min(self._left + frames, FRAMES_AT_ONCE)

    def _cost(self, *, kind: int, length: int) -> int:
        if kind == _DATA:
            return 0 if length >= _SMALL_DATA_BYTES else 1
        if kind == _HEADERS:
            self._block_bytes = length
            return 0
        if kind == _CONTINUATION:
            self._lengthen_block(length)
        elif kind == _RST_STREAM:
            return RESET_COST
        elif kind == _SETTINGS:
            return 1 + length // _SETTING_BYTES
        return 1

    def _lengthen_block(self, length: int) -> None:
        # Encoded, fields are never longer than the list of them that we allow.
        self._block_bytes += length
        if self._block_bytes > MAX_HEAD_BYTES:
            raise TooManyFrames("a head without end")
