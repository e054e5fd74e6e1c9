"""What the pages of the console show, one value for each template: as in ``view_models``.

Every value has the ``frame`` that is around it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from authgate.permissions import UserRole
from authgate.vocabulary import ClientStatus


class Done(StrEnum):
    """What was done just now: said once, after the redirect."""

    CHANGED = "changed"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISABLED = "disabled"
    ENABLED = "enabled"
    REVOKED = "revoked"
    FORMER_ENDED = "former-ended"
    DELETED = "deleted"
    TOKEN_DISABLED = "token-disabled"
    TOKEN_ENABLED = "token-enabled"
    TOKEN_REVOKED = "token-revoked"
    SCOPE_SAVED = "scope-saved"
    SCOPE_DELETED = "scope-deleted"
    SCOPE_IN_USE = "scope-in-use"
    """It was not deleted."""
    SELECTION_APPROVED = "selection-approved"
    SELECTION_ENABLED = "selection-enabled"
    SELECTION_DISABLED = "selection-disabled"
    SELECTION_REVOKED = "selection-revoked"
    SEEN = "seen"
    RESOURCE_SERVER_ADDED = "resource-server-added"
    RESOURCE_SERVER_REMOVED = "resource-server-removed"
    DOMAIN_ADDED = "domain-added"
    DOMAIN_REMOVED = "domain-removed"
    ISSUER_CHANGED = "issuer-changed"
    OVERLAP_ENDED = "overlap-ended"
    KEYS_ROTATED = "keys-rotated"
    KEY_TOO_YOUNG = "key-too-young"
    """It was not rotated."""
    KEY_REVOKED = "key-revoked"
    EXPORT_ASKED = "export-asked"
    LOG_CHECKED = "log-checked"
    EXPORT_DELETED = "export-deleted"
    SEARCH_SAVED = "search-saved"
    SEARCH_REMOVED = "search-removed"
    SEARCHES_FULL = "searches-full"
    """It was not saved."""
    JOB_RETRIED = "job-retried"
    JOB_CANCELLED = "job-cancelled"
    KEY_IMPORTED = "key-imported"
    ALGORITHM_CHANGED = "algorithm-changed"
    ALGORITHM_PUBLISHED = "algorithm-published"
    """It does not sign yet."""
    ADDRESS_BLOCKED = "address-blocked"
    ADDRESS_LET_IN = "address-let-in"
    ALERT_ACKNOWLEDGED = "alert-acknowledged"
    ALERT_CLOSED = "alert-closed"
    SCIM_TOKEN_WITHDRAWN = "scim-token-withdrawn"
    MAIL_SERVER_REMOVED = "mail-server-removed"
    TOKENS_REVOKED = "tokens-revoked"
    NOTHING_SELECTED = "nothing-selected"
    TAKEN_BACK = "taken-back"
    INVITED = "invited"
    INVITATION_WITHDRAWN = "invitation-withdrawn"
    PERSON_BLOCKED = "person-blocked"
    PERSON_LET_IN = "person-let-in"
    CONNECTION_SAVED = "connection-saved"
    CONNECTION_IS_LAST = "connection-is-last"
    """Nobody could sign in without it: it stays."""
    CONNECTION_DELETED = "connection-deleted"
    PERSON_SAVED = "person-saved"
    PERSON_DELETED = "person-deleted"
    PERSON_SIGNED_OUT = "person-signed-out"
    FACTORS_RESET = "factors-reset"
    IMPERSONATION_ASKED = "impersonation-asked"
    IMPERSONATION_ENDED = "impersonation-ended"
    IDENTITY_UNLINKED = "identity-unlinked"
    GROUP_SAVED = "group-saved"
    GROUP_DELETED = "group-deleted"
    MEMBER_ADDED = "member-added"
    MEMBER_REMOVED = "member-removed"
    ROLE_GIVEN = "role-given"
    ROLE_TAKEN = "role-taken"
    WAITING = "waiting"
    """It was changed, and somebody has to approve it again."""
    OPERATOR_LET_IN = "operator-let-in"
    OPERATOR_REFUSED = "operator-refused"
    OPERATOR_GONE = "operator-gone"
    ACCESS_ASKED = "access-asked"
    ACCESS_OPEN = "access-open"
    PLAN_SAVED = "plan-saved"
    PLAN_REMOVED = "plan-removed"
    ANNOUNCED = "announced"
    ANNOUNCEMENT_ENDED = "announcement-ended"
    TENANT_PLANNED = "tenant-planned"
    TENANT_RENAMED = "tenant-renamed"
    TENANT_SUSPENDED = "tenant-suspended"
    TENANT_RESUMED = "tenant-resumed"
    TENANT_DELETING = "tenant-deleting"
    TENANT_RESTORED = "tenant-restored"
    WEBHOOK_DELETED = "webhook-deleted"
    WEBHOOK_RESUMED = "webhook-resumed"
    WEBHOOK_SECRET_ENDED = "webhook-secret-ended"
    WEBHOOK_REPLAYED = "webhook-replayed"
    NOTHING = "nothing"
    """It was no longer what it was taken for."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the installation's operators tell whoever administers a tenant."""

    text: str
    urgent: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class PluginPageLink:
    """A page of a plugin's in the menu."""

    url: str
    title: str
    icon: str


@dataclass(frozen=True, slots=True)
class ConsoleFrame:
    """What is around every page: the menu, and who is signed in."""

    signed_in_as: str
    role: UserRole
    permissions: frozenset[str]
    """All that this role is enough for: ``clients:read``. What a page offers beyond is left out."""
    pages: frozenset[str]
    """Those that they may open, of the menu's, by where they are below ``console_url``."""
    console_url: str
    account_url: str
    sign_out_action: str
    api_url: str
    """What the API is, for people."""
    waiting: int = 0
    """Clients that wait for approval, or that nobody has looked at."""
    done: Done | None = None
    operates: bool = False
    """Whether these are the operators' pages, and not those of a tenant's administrators."""
    told: Sequence[Told] = ()
    other_url: str = ""
    """Those of the other kind; empty unless who is signed in may see them."""
    guest: bool = False
    """Whether it is an operator of the installation, who makes nothing that would stay."""
    plugin_pages: Sequence[PluginPageLink] = ()

    def may(self, permission: str) -> bool:
        """Whether whoever is signed in may do this."""
        return permission in self.permissions


class ClientKind(StrEnum):
    """What an application is, as people think of it; what it may use follows from it."""

    WEB = "web"
    """On a server, with pages for people."""
    BROWSER = "browser"
    """In a browser's page, without a server of its own."""
    NATIVE = "native"
    """A desktop, mobile or command-line application that can open a browser."""
    DEVICE = "device"
    """Something without a browser, such as a television."""
    MACHINE = "machine"
    """A program that acts for itself."""


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client in a list."""

    url: str
    name: str
    client_id: str
    kind: ClientKind
    public: bool
    grants: Sequence[str]
    status: ClientStatus
    created_at: datetime
    field: str = ""
    """The name of the field that selects it."""
    unseen: bool = False
    """Served at once, and looked at by nobody."""
    last_used: date | None = None
    """The last day on which it was given a token, of those that are looked at."""


@dataclass(frozen=True, slots=True)
class SortLink:
    """The head of a column that a list can be sorted by."""

    url: str
    direction: str = ""
    """``ascending``, ``descending`` or neither."""


@dataclass(frozen=True, slots=True)
class FilterLink:
    """One of several choices, of which one holds."""

    value: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class ClientsPage:
    """``console/clients.html``. The form ``action`` is sent by GET with ``search`` and what
    ``kept`` holds; ``selection_action`` gets ``act``, ``list`` and the fields of the lines."""

    frame: ConsoleFrame
    action: str
    new_url: str
    clear_url: str
    selection_action: str
    list: str
    """What is looked for, and from where, for the selection to come back to."""
    clients: Sequence[ClientLine]
    total: int
    """Of all clients, whatever is looked for."""
    search: str
    kept: Mapping[str, str]
    statuses: Sequence[FilterLink]
    types: Sequence[FilterLink]
    sizes: Sequence[FilterLink]
    by_name: SortLink
    by_age: SortLink
    next_url: str | None = None
    previous_url: str | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether not all are looked for."""
        return bool(
            self.search or any(each.current for each in (*self.statuses[1:], *self.types[1:]))
        )


@dataclass(frozen=True, slots=True)
class KindLink:
    """A kind of client that can be made."""

    kind: ClientKind
    url: str


@dataclass(frozen=True, slots=True)
class ClientKindsPage:
    """``console/client_kinds.html``: the first step of a new client."""

    frame: ConsoleFrame
    kinds: Sequence[KindLink]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that the client needs, by its name in the metadata (RFC 8414)."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines to paste."""

    language: str
    file: str
    code: str


@dataclass(frozen=True, slots=True)
class CredentialsPage:
    """``console/client_credentials.html``: what a client begins with; its secret this once."""

    frame: ConsoleFrame
    name: str
    client_id: str
    public: bool
    secret: str | None
    """``None`` where it has none, or it was shown before."""
    environment: str
    """The same, as lines of an ``.env`` file."""
    rotated: bool
    former_until: datetime | None
    client_url: str
    endpoints: Sequence[Endpoint]
    snippets: Sequence[Snippet]


@dataclass(frozen=True, slots=True)
class RotationFields:
    """What is in the fields of a rotation's form, as it was typed."""

    overlap: str = "24"
    """Hours for which the former secret is good."""
    lifetime: str = ""
    """Days until the new one ends; never where empty."""
    client_secret_jwt: bool = False
    """Whether it signs with it from now on, beside what it does now."""


@dataclass(frozen=True, slots=True)
class RotatePage:
    """``console/client_rotate.html``. Posts ``RotationFields``."""

    frame: ConsoleFrame
    name: str
    action: str
    cancel_url: str
    has_former: bool
    signs: bool = False
    """Whether it signs with its secret already."""
    fields: RotationFields = RotationFields()
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeleteClientPage:
    """``console/client_delete.html``. Posts ``name``, as it is typed."""

    frame: ConsoleFrame
    name: str
    client_id: str
    action: str
    cancel_url: str
    people: int
    mistyped: bool = False
