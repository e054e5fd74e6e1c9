"""A piece of work that is Python's alone: what it costs tells how costly this build of Python is.

Run under an instruction counter with the number of rounds as its argument.
"""

import sys


class Field:
    """Something to make many of."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: int) -> None:
        self.name = name
        self.value = value


def work(rounds: int) -> int:
    """Calls, objects, dictionaries, texts, bytes and exceptions, as a request has them."""
    done = 0
    for _ in range(rounds):
        fields: dict[str, Field] = {}
        for number in range(8):
            done += _one(fields, number)
    return done


def _one(fields: dict[str, Field], number: int) -> int:
    name = f"field-{number}"
    fields[name] = Field(name, number)
    text = "&".join(f"{each.name}={each.value}" for each in fields.values())
    pairs = dict(pair.split(b"=") for pair in text.encode().split(b"&"))
    try:
        return len(pairs[b"field-7"])
    except KeyError:
        return 0


if __name__ == "__main__":
    work(int(sys.argv[1]))
