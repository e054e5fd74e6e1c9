"""A piece of work that is Python's alone: what it costs tells how costly this build of Python is.

Run under an instruction counter with the number of rounds as its argument.
"""

import sys


class Field:
    """Something to make many of."""

    __slots__ = ("name", "value")

    def __init__(self, value: int, name: str) -> None:
        self.value = value
        self.name = name


def work(rounds: int) -> None:
    """Calls, objects, dictionaries, texts, bytes and exceptions, as a request has them."""
    for _ in range(rounds):
        fields: dict[str, Field] = {}
        for number in range(8):
            try:
                _with(fields, number)
                if number == 7:
                    raise KeyError(number)
            except KeyError:
                continue


def _with(fields: dict[str, Field], number: int) -> tuple[bytes, dict[str, int]]:
    field = Field(number, str(number))
    fields[field.name] = field
    pairs = [(name, each.value) for name, each in fields.items() if each.value]
    return f"{field.value}:{field.name}".encode().split(b":")[0], dict(pairs)


if __name__ == "__main__":
    work(int(sys.argv[1]))
