"""Passwords as other servers have kept them, where people come from one."""

import re

from argon2 import Parameters, extract_parameters
from argon2.exceptions import InvalidHashError

from authgate import languages
from authgate.accounts import password_costs
from authgate.accounts.password_costs import is_bcrypt
from authgate.storage.people import password_kinds
from authgate_tenants import current_tenant

_LONGEST = 200
_MOST_KIBIBYTES = 128 * 1024
_MOST_PASSES = 10
_MOST_LANES = 8
_COSTS = range(4, 15)
"""Of bcrypt: the dearest takes about a second."""
_MOST_COSTS = 3
"""At a tenant, at one time: each sign-in there is answered after a hash of each."""
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


class UnfitHash(ValueError):
    """No hash that is checked here, or one that costs more than a sign-in may. The text may be
    told."""


def check(text: str) -> None:
    """Raises ``UnfitHash`` unless it is argon2 or bcrypt, and no dearer than a sign-in may be:
    whoever brings a hash chooses what checking it costs."""
    if len(text) > _LONGEST or not text.isascii() or not text.isprintable():
        raise UnfitHash(
            languages.text(
                "A password's hash has at most %(most)s ASCII characters.", most=_LONGEST
            )
        )
    if is_bcrypt(text):
        _check_bcrypt(text)
        return
    try:
        cost = extract_parameters(text)
    except InvalidHashError as error:
        raise UnfitHash(
            languages.text("A password's hash is argon2 or bcrypt, as $argon2id$ or $2b$.")
        ) from error
    if _is_dear(cost):
        raise UnfitHash(
            languages.text(
                "Such a hash costs too much: at most %(kibibytes)s KiB, %(passes)s "
                "passes and %(lanes)s lanes.",
                kibibytes=_MOST_KIBIBYTES,
                passes=_MOST_PASSES,
                lanes=_MOST_LANES,
            )
        )


async def check_costs(text: str) -> None:
    """Raises ``UnfitHash`` where the tenant's people have brought hashes of too many costs."""
    cost, brought = password_costs.of(text), await password_kinds.examples(password_costs.end)
    known = {password_costs.of(each) for each in brought}
    if cost not in {password_kinds.TODAYS, *known} and len(known) >= _MOST_COSTS:
        raise UnfitHash(
            languages.text(
                "The hashes of the tenant's people have %(most)s other costs already, and each "
                "makes all sign-ins slower. They become fewer as people sign in.",
                most=_MOST_COSTS,
            )
        )


def _is_dear(cost: Parameters) -> bool:
    return (
        cost.memory_cost > _MOST_KIBIBYTES
        or cost.time_cost > _MOST_PASSES
        or cost.parallelism > _MOST_LANES
    )


def _check_bcrypt(text: str) -> None:
    if not current_tenant().settings.bcrypt_passwords:
        raise UnfitHash(
            languages.text("The tenant's setting bcrypt_passwords has to be on for a bcrypt hash.")
        )
    if not (found := _BCRYPT.fullmatch(text)) or int(found[1]) not in _COSTS:
        raise UnfitHash(
            languages.text(
                "A bcrypt hash has a cost of %(least)s to %(most)s.",
                least=_COSTS[0],
                most=_COSTS[-1],
            )
        )
