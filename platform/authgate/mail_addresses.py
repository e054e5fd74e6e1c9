"""What an address for mail looks like, wherever one is told (RFC 5321 section 4.1.2).

Of what that allows only what people have: no quotes, no comments, a host with a dot in it. So an
address holds nothing that could end a header, and is one recipient.
"""

import re
from email.utils import parseaddr

from authgate.languages import text

LONGEST = 254

LONGEST_TO_SIGN_IN = 100
"""Of one that people sign in by, as by a user name."""

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,8}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,16}"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LONGEST_LOCAL = 64


class BadAddress(ValueError):
    """A text that is no address for mail, or too long a one. The text may be told."""


def checked(said: str, *, most: int = LONGEST) -> str:
    """The address, without the blanks around it, of so many characters. Raises ``BadAddress``."""
    address = said.strip(" ")
    local = address.partition("@")[0]
    if len(address) > LONGEST or len(local) > _LONGEST_LOCAL or not _ADDRESS.fullmatch(address):
        raise BadAddress(text("This is no address such as mira@example.com."))
    if len(address) > most:
        raise BadAddress(text("The address has at most %(most)s characters.", most=most))
    return address


def reachable(kept: str | None) -> str | None:
    """The address that is kept of somebody, where it is one: what other directories and providers
    say may be none, and so may what was stored before anybody looked at it."""
    try:
        return checked(kept) if kept else None
    except BadAddress:
        return None


def mailbox(address: str) -> str:
    """Where mail to an address ends up: most servers give one mailbox all that is told apart behind
    a plus (RFC 5233), and whoever looks for more addresses finds these first."""
    local, _, host = address.lower().partition("@")
    return f"{local.partition('+')[0] or local}@{host}"


def is_sender(said: str) -> bool:
    """Whether a text is an address, alone or in angle brackets behind a name."""
    name, address = parseaddr(said)
    try:
        checked(address)
    except BadAddress:
        return False
    return said.isprintable() and said in (address, f"{name} <{address}>", f'"{name}" <{address}>')
