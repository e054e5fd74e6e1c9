"""Bad requests by number: one seed and one number always make the same bytes."""

from dataclasses import dataclass
from enum import Enum
from random import Random

from authgate_testing.bad_requests import junk, spoilers
from authgate_testing.bad_requests.message import Message
from authgate_testing.bad_requests.stage import Stage

_CLOSE = (b"Connection", b"close")


class Ending(Enum):
    """What a client does once it has said everything."""

    LISTENS = "listens"
    SAYS_IT_IS_DONE = "says that it is done"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRequest:
    """What one connection brings, and what is known of it."""

    name: str
    """``seed/number``."""

    pieces: tuple[bytes, ...]
    ending: Ending
    waits: bool
    """Whether it leaves the end to the server, however long that takes."""

    is_for_programs: bool
    """Whether all that it asks for is answered in JSON."""

    ends_itself: bool
    """Whether its last request asks for the connection's end."""

    @property
    def data(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


class Generator:
    """Makes requests for a stage."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._doors = (stage.programs(), stage.pages())
        self._seed = seed

    def request(self, number: int, *, waits: bool = False) -> BadRequest:
        """The request of this number."""
        random = Random(f"{self._seed}/{number}")  # noqa: S311  # to be repeated
        door = random.randrange(2)
        is_for_programs = door == 0
        many = random.choices((1, 0, random.randrange(2, 7)), (80, 4, 16))[0]
        messages = [self._message(random, self._doors[door]) for _ in range(many)]
        is_for_programs &= not any(spoiled for _, spoiled in messages)
        if many > 1:
            messages[-1][0].fields.append(_CLOSE)
        data = b"".join(message.to_bytes() for message, _ in messages)
        if random.random() < 0.15 or not messages:
            data, is_for_programs = _scrambled(random, data), False
        if random.random() < 0.1:
            data = data[: random.randrange(len(data) + 1)]
        return BadRequest(
            name=f"{self._seed}/{number}",
            pieces=_pieces(random, data),
            ending=random.choices(list(Ending), (84, 8, 8))[0],
            waits=waits,
            is_for_programs=is_for_programs,
            ends_itself=many > 1,
        )

    def _message(self, random: Random, templates: list[Message]) -> tuple[Message, bool]:
        """A request, and whether its address is spoiled."""
        message = random.choice(templates).copy()
        chosen = random.choices(spoilers.ALL, k=random.choices((1, 2, 3), (6, 3, 1))[0])
        for spoil in chosen:
            spoil(random, message)
        return message, any(spoil in spoilers.OF_ADDRESSES for spoil in chosen)


def _scrambled(random: Random, data: bytes) -> bytes:
    """The same with a few bytes lost, changed or said again; noise where there is nothing."""
    if not data:
        return random.randbytes(random.choice((1, 40, 20_000)))
    scrambled = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(scrambled) + 1)
        reach = random.choice((1, 1, 2, 10))
        piece = random.choice((b"", random.choice(junk.ANYWHERE), random.randbytes(reach)))
        again = bytes(scrambled[at : at + reach]) if random.random() < 0.3 else b""
        scrambled[at : at + reach] = piece + again * 2
    return bytes(scrambled)


def _pieces(random: Random, data: bytes) -> tuple[bytes, ...]:
    if random.random() < 0.75 or not data:
        return (data,)
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(1, 8)))
    return tuple(data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True))
