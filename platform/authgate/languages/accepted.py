"""``Accept-Language`` (RFC 9110 section 12.5.4): the languages that a browser asks for."""

import re

LONGEST = 1000
"""Characters that are looked at. Browsers send about fifty."""

MOST = 20
"""Languages that are taken from it."""

_RANGE = re.compile(
    r"[ \t]*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)"
    r"[ \t]*(?:;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[ \t]*\Z"
)


def accepted(header: str) -> tuple[str, ...]:
    """The tags, the best first. What is no language range is passed over; one of weight 0 is not
    wanted, and ``*`` asks for nothing that nobody offers."""
    found: list[tuple[float, str]] = []
    parts = header[:LONGEST].split(",")
    if len(header) > LONGEST:
        parts.pop()  # it may be half a tag
    for part in parts[:MOST]:
        match = _RANGE.match(part)
        weight = float(match[2] or 1) if match else 0
        if match and weight:
            found.append((weight, match[1]))
    # Those of the same weight stay in their order.
    return tuple(tag for _, tag in sorted(found, key=lambda each: -each[0]))
