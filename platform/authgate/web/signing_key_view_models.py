"""What the console shows of signing keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class SigningKeyLine:
    """A key: what it does, and until when."""

    kid: str
    algorithm: str
    state: str
    published_at: datetime
    activated_at: datetime | None
    rotates_at: datetime | None
    """When the key that waits takes over from it."""
    ended_at: datetime | None
    """When it was revoked, or leaves the JWKS."""


@dataclass(frozen=True, slots=True)
class SigningKeyFields:
    """What is in the form of a key that is brought. None of it is ever shown again."""

    key: str = ""
    kid: str = ""


@dataclass(frozen=True, slots=True)
class SigningKeysPage:
    """``console/signing_keys.html``. ``rotate_action`` gets ``algorithm`` and ``now``,
    ``revoke_action`` gets ``kid``, ``algorithm_action`` gets ``algorithm`` and ``now``."""

    frame: ConsoleFrame
    keys: Sequence[SigningKeyLine]
    algorithm: str
    """What the tenant signs by."""
    algorithms: Sequence[str]
    days: int
    """After so many a key is followed by the next; never by itself where 0."""
    rotate_action: str
    revoke_action: str
    import_action: str
    algorithm_action: str
    fields: SigningKeyFields = SigningKeyFields()
    faults: Mapping[str, str] = field(default_factory=dict)
