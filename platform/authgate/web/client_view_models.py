"""What the console's page of a client shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.vocabulary import ClientStatus
from authgate.web.authorization_view_models import AuthorizationLine
from authgate.web.console_view_models import ClientKind, ConsoleFrame, Endpoint, Snippet
from authgate.web.token_view_models import TokenLine
from authgate.web.usage_view_models import UsageChart


@dataclass(frozen=True, slots=True)
class SecretLine:
    """A secret that counts, which nobody can read."""

    former: bool
    ends_at: datetime | None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ClientPage:
    """``console/client.html``. ``…_action`` get nothing besides."""

    frame: ConsoleFrame
    name: str
    description: str
    client_id: str
    kind: ClientKind
    public: bool
    status: ClientStatus
    first_party: bool
    owner: str
    """Who registered it for themselves; empty where administrators did."""
    created_at: datetime
    updated_at: datetime
    version: str
    """Which state of it this is."""
    grants: Sequence[str]
    scopes: Sequence[str]
    redirect_uris: Sequence[str]
    allowed_origins: Sequence[str]
    consent: str
    flags: Sequence[str]
    """By their names in ``ClientFields``, which of its exceptions it has."""
    secrets: Sequence[SecretLine]
    methods: Sequence[str]
    """How it may prove itself."""
    settings: Mapping[str, Sequence[str]]
    """By the names of ``ClientFields``, what else it has that is not as it begins."""
    people: int
    """How many have allowed it something."""
    newest_people: Sequence[AuthorizationLine]
    newest_tokens: Sequence[TokenLine]
    chart: UsageChart
    people_url: str
    tokens_url: str
    endpoints: Sequence[Endpoint]
    snippets: Sequence[Snippet]
    beyond_role: Sequence[str]
    """Its scopes that whoever looks could not use themselves: they change it no further than to
    end it."""
    edit_url: str
    rotate_url: str
    delete_url: str
    unseen: bool
    """Served at once, and looked at by nobody."""
    review_action: str
    """Gets ``version`` and ``decision``: ``approve``, ``reject`` or ``seen``."""
    status_action: str
    """Gets ``status``: ``active`` or ``inactive``."""
    revoke_action: str
    end_former_action: str
