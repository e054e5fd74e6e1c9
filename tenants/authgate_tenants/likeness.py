"""Slugs that could be taken for one another: ``acme``, ``acrne``, ``a-cme`` and ``acm3``.

A slug is ASCII, so no letter of another script is in one; within ASCII these are the characters
that people confuse (UTS 39 section 4, "confusables"). The database compares by an index of the same
expression, so that a look at ten thousand tenants costs what a look at one does.
"""

from tortoise import connections

_PAIRS = (("rn", "m"), ("vv", "w"))
_SINGLE = (("-", ""), ("0", "o"), ("1", "l"), ("i", "l"), ("3", "e"), ("5", "s"), ("8", "b"))


def read_as(slug: str) -> str:
    """What somebody reads who does not look closely; the same for slugs that look alike."""
    for written, read in (*_PAIRS, *_SINGLE):
        slug = slug.replace(written, read)
    return slug


def expression() -> str:
    """The same in SQL, as the index has it on both databases."""
    text = "slug"
    for written, read in (*_PAIRS, *_SINGLE):
        text = f"replace({text}, '{written}', '{read}')"
    return text


async def is_like_another(slug: str) -> bool:
    """Whether there is a tenant whose slug could be taken for this one, or that has it."""
    client = connections.get("default")
    mark = "$1::text" if client.capabilities.dialect == "postgres" else "?"
    rows = await client.execute_query_dict(
        f"SELECT 1 AS found FROM tenants WHERE {expression()} = {mark} LIMIT 1",  # noqa: S608 - our own names
        [read_as(slug)],
    )
    return bool(rows)
