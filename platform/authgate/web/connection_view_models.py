"""What the console shows of the ways to sign in with other providers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    """A connection in the list."""

    url: str
    label: str
    slug: str
    connector: str
    """What it signs in with, as people call it; empty where no enabled plugin brings it."""
    icon: str
    enabled: bool
    people: int
    takes_passwords: bool = False


@dataclass(frozen=True, slots=True)
class ConnectorLine:
    """What a connection may be made of."""

    url: str
    label: str
    icon: str


@dataclass(frozen=True, slots=True)
class ConnectionsPage:
    """``console/connections.html``."""

    frame: ConsoleFrame
    new_url: str
    connections: Sequence[ConnectionLine] = ()


@dataclass(frozen=True, slots=True)
class ConnectorsPage:
    """``console/connectors.html``: what a new one is to be made of."""

    frame: ConsoleFrame
    list_url: str
    connectors: Sequence[ConnectorLine] = ()


@dataclass(frozen=True, slots=True)
class ConnectionFields:
    """What is in the form, as it was typed."""

    slug: str = ""
    label: str = ""
    position: str = "0"
    enabled: bool = False
    newcomers: str = "tenant"
    provisioned: str = "nothing"
    allowed_domains: str = ""
    email_domains: str = ""
    sign_in_form: bool = False
    groups: str = ""
    """On each line the provider's name of a group, ``=`` and ours."""


@dataclass(frozen=True, slots=True)
class SettingField:
    """A setting that the connector asks for."""

    name: str
    """Of the form's field."""
    label: str
    help: str
    kind: str
    """``text``, ``document``, ``number``, ``switch``, ``list`` or ``secret``."""
    required: bool
    value: str = ""
    """As it was typed; of a switch ``1`` where it is on. Of a secret always nothing."""
    kept: bool = False
    """Whether a secret is there already, which stays where nothing is typed."""


@dataclass(frozen=True, slots=True)
class ConnectionFormPage:
    """``console/connection_form.html``."""

    frame: ConsoleFrame
    action: str
    list_url: str
    cancel_url: str
    name: str
    """What the connection is called; nothing for a new one."""
    connector: str
    """What it signs in with: its name, which a new one is posted with."""
    connector_label: str
    redirect_uri: str
    """To register at the provider; of a new one with ``…`` for its name."""
    settings: Sequence[SettingField]
    takes_passwords: bool = False
    """Whether there is nothing to register at the provider, and the sign-in form may ask it."""
    metadata_uri: str = ""
    """What the provider may read; nothing where the connector has no such thing."""
    version: str = ""
    fields: ConnectionFields = ConnectionFields()
    faults: Mapping[str, str] = field(default_factory=dict)
    changed_meanwhile: bool = False


@dataclass(frozen=True, slots=True)
class TestedStep:
    """One thing that was looked at just now."""

    name: str
    passed: bool
    said: str


@dataclass(frozen=True, slots=True)
class EndingLine:
    """Something that a connection stands on."""

    name: str
    at: datetime
    is_over: bool
    is_soon: bool
    """Whether it ends within 30 days, or has ended."""


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    """``console/connection.html``. ``switch_action`` gets ``enabled`` (``1`` or nothing)."""

    frame: ConsoleFrame
    list_url: str
    edit_url: str
    test_action: str
    trial_url: str
    switch_action: str
    delete_action: str
    label: str
    slug: str
    connector: str
    enabled: bool
    people: int
    redirect_uri: str
    """To register at the provider; empty where nobody is sent there."""
    metadata_uri: str = ""
    """What the provider may read of this server, and what it is called there; mostly nothing."""
    facts: Sequence[tuple[str, str]] = ()
    """Settings and rules: what each is called and what it is."""
    endings: Sequence[EndingLine] = ()
    """Until when what it stands on is good, as far as that is known."""
    fault: str = ""
    """Why former documents of its provider count; empty while the newest do."""
    fault_since: datetime | None = None
    steps: Sequence[TestedStep] = ()
    """What was found just now, where somebody has had it tested."""
