"""Ids of rows, as addresses and forms name them."""

from uuid import UUID


def read(text: str) -> UUID:
    """An id in the one spelling in which we write it, so that a thing has one address.

    Raises ``ValueError``.
    """
    found = UUID(text)
    if str(found) != text:
        raise ValueError("Not an id as we write it.")
    return found


def find(text: str) -> UUID | None:
    """The same; ``None`` where it is not one."""
    try:
        return read(text)
    except ValueError:
        return None
