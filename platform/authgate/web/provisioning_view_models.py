"""What the console shows of other directories that provision people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class ScimTokenLine:
    """A token, without itself."""

    id: str
    description: str
    trusts_emails: bool
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScimTokenFields:
    """What is in the form."""

    description: str = ""
    trusts_emails: bool = False
    days: str = "365"


@dataclass(frozen=True, slots=True)
class ProvisioningPage:
    """``console/provisioning.html``. ``create_action`` gets the fields of the form,
    ``withdraw_action`` gets ``token``."""

    frame: ConsoleFrame
    base_url: str
    tokens: Sequence[ScimTokenLine]
    create_action: str
    withdraw_action: str
    made: str = ""
    """A token that was made just now: shown this once."""
    fields: ScimTokenFields = ScimTokenFields()
    faults: Mapping[str, str] = field(default_factory=dict)
