"""What the pages about a person's own applications show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.vocabulary import ClientStatus
from authgate.web.client_form_view_models import ClientFields
from authgate.web.console_view_models import ClientKind, Done, Endpoint, KindLink, Snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFrame:
    """What is around every page of an account."""

    signed_in_as: str
    account_url: str
    sign_out_action: str
    done: Done | None = None


@dataclass(frozen=True, slots=True)
class OwnAppLine:
    """An application in the list."""

    url: str
    name: str
    kind: ClientKind
    status: ClientStatus
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAppsPage(AccountFrame):
    """``account/my_apps.html``."""

    apps: Sequence[OwnAppLine]
    kinds: Sequence[KindLink]
    """Empty where the person may have no more of them."""
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAppFormPage(AccountFrame):
    """``account/my_app_form.html``. Posts some of ``ClientFields``."""

    action: str
    cancel_url: str
    kind: ClientKind
    fields: ClientFields
    known_scopes: Sequence[str]
    faults: Mapping[str, str] = field(default_factory=dict)
    """By the name of the field."""
    title: str = ""
    """Of the application that is changed; empty where it is new."""
    will_wait: bool = False
    """Whether somebody has to approve it then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAppPage(AccountFrame):
    """``account/my_app.html``. The actions get nothing besides."""

    name: str
    description: str
    client_id: str
    kind: ClientKind
    public: bool
    status: ClientStatus
    secret: str | None
    """This once, where it is new."""
    former_until: datetime | None
    redirect_uris: Sequence[str]
    scopes: Sequence[str]
    endpoints: Sequence[Endpoint]
    snippets: Sequence[Snippet]
    back_url: str
    edit_url: str
    rotate_action: str
    delete_action: str
