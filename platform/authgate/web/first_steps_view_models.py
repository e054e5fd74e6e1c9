"""What the page shows on which a tenant's owner begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from authgate.web.console_view_models import ConsoleFrame, Snippet


class Step(StrEnum):
    """What there is to do, in the order in which one does it."""

    CLIENT = "client"
    """There is a client that serves."""
    SIGN_IN = "sign_in"
    """Somebody has signed in to an application."""
    COLLEAGUE = "colleague"
    """Somebody else is there."""
    COLOURS = "colours"
    """The pages have the tenant's own colour."""
    OWN_CLIENT = "own_client"
    """There is another client than the one for trying out."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step, and whether it is done."""

    step: Step
    done: bool
    url: str
    """Where it is done; empty where that is not a page of the console, or not this person's."""


@dataclass(frozen=True, slots=True)
class FirstStepsPage:
    """``console/first_steps.html``. Its form sends ``make``."""

    frame: ConsoleFrame
    issuer: str
    client_id: str
    """Of the client that the lines are for; empty where there is none."""
    make_action: str
    """Makes one; empty for whoever may not, and where it is there."""
    unserved_url: str
    """Of that client, where it is there and not served."""
    is_strict: bool
    """Whether the tenant demands a security profile, which a client without a secret has not."""
    steps: Sequence[StepLine]
    snippets: Sequence[Snippet]
    arrived: bool
    """Whether somebody has signed in to an application."""
    watch_url: str
    """Tells that, for the page's script."""

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(each.done for each in self.steps)
