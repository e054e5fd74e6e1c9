"""What the ``prod`` profile does not start with."""

from collections.abc import Iterator

from authgate.diagnosis import (
    address,
    key_encryption,
    limits,
    passwords,
    profile,
    verification,
)
from authgate.diagnosis.misconfiguration import Finding
from authgate.settings import Settings


class UnfitForProduction(ValueError):
    """The ``prod`` profile does not start with these settings. Says why, and what to do."""

    def __init__(self, first: Finding, more: int) -> None:
        others = f" authgate doctor tells of {more} more." if more else ""
        super().__init__(
            f"The prod profile refuses {first.code}: {first.found}. {first.cure}{others}"
        )
        self.code = first.code


def refuse(settings: Settings, *, needs_keys: bool = True) -> None:
    """Let nothing start that the ``prod`` profile refuses. Raises ``UnfitForProduction``."""
    if settings.profile != "prod":
        return
    refused = [each for each in _findings(settings, needs_keys) if each.refused]
    if refused:
        raise UnfitForProduction(refused[0], len(refused) - 1)


def _findings(settings: Settings, needs_keys: bool) -> Iterator[Finding]:
    for module in (address, passwords, profile, limits, verification):
        yield from module.findings(settings)
    if needs_keys:
        yield from key_encryption.findings(settings)
