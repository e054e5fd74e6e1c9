"""What the console shows of a search for anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class FoundLine:
    """Something that was found."""

    name: str
    about: str
    """What it is known by besides."""
    url: str
    """Empty where whoever looks may open no page of it."""


@dataclass(frozen=True, slots=True)
class FindPage:
    """``console/find.html``. The form ``action`` is sent by GET with ``search``."""

    frame: ConsoleFrame
    action: str
    search: str
    clients: Sequence[FoundLine]
    people: Sequence[FoundLine]
    scopes: Sequence[FoundLine]
    settings: Mapping[str, str]
    """By the name of each that may be seen, where it is; the template knows what it is called."""
