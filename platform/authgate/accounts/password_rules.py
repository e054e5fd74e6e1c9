"""Which passwords nobody may choose, whatever their length (NIST SP 800-63B-4 section 3.1.1.2):
those that are commonly used, and those that the account itself gives away.

The lists and the way to look at them are zxcvbn's: it counts how many guesses somebody needs who
knows common passwords, words, names, keyboards, dates and repetition. No rule asks for a digit or a
capital.
"""

import re
from collections.abc import Collection

LEAST_GUESSES = 10**10
"""Far more than are ever heard at the door: what stands up for a while where hashes were stolen."""

_LOOKED_AT = 64
"""Characters: each further one takes longer than the one before it."""

_SHORTEST_WORD = 3
_WORD = re.compile(r"[^\W_]+")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def is_easily_guessed(password: str, about: Collection[str] = ()) -> bool:
    """Whether few guesses find it for who knows this of its owner. Takes some milliseconds."""
    # Here, since a server in which nobody chooses a password needs none of the lists.
    from zxcvbn import zxcvbn

    known, seen = _words(about), password[:_LOOKED_AT]
    # A name is no harder to guess for the dots and dashes in it.
    spellings = {seen, _BETWEEN_WORDS.sub("", seen) or seen}
    guesses = [zxcvbn(each, user_inputs=known)["guesses"] for each in spellings]
    return bool(min(guesses) < LEAST_GUESSES)


def _words(about: Collection[str]) -> list[str]:
    words = {word for said in about for word in (said, *_WORD.findall(said))}
    return sorted(word.casefold() for word in words if len(word) >= _SHORTEST_WORD)
