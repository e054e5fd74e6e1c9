"""What the console shows before something is done to several clients."""

from collections.abc import Sequence
from dataclasses import dataclass

from authgate.web.console_view_models import ClientLine, ConsoleFrame


@dataclass(frozen=True, slots=True)
class SelectedClient:
    """One of them."""

    field: str
    """The name of the field that names it."""
    version: str
    """What is in that field: which state of it this is."""
    line: ClientLine
    redirect_uris: Sequence[str]
    scopes: Sequence[str]
    fault: str
    """Why it cannot be done to this one; empty where it can."""


@dataclass(frozen=True, slots=True)
class SelectionPage:
    """``console/selection.html``. Posts ``act``, ``list``, ``sure`` and the field of each."""

    frame: ConsoleFrame
    act: str
    """``approve``, ``enable``, ``disable`` or ``revoke-tokens``."""
    action: str
    cancel_url: str
    list: str
    """Where to come back to."""
    clients: Sequence[SelectedClient]
    unfit: Sequence[SelectedClient]
    """Those that are left out."""
    changed_meanwhile: bool = False
    """Whether they are no longer what was shown: nothing was done."""
