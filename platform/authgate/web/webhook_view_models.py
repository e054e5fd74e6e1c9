"""What the console's pages about webhooks show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.connection_view_models import TestedStep
from authgate.web.console_view_models import ConsoleFrame, FilterLink


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """A webhook in a list."""

    url: str
    name: str
    host: str
    state: str
    chosen: Sequence[str]
    """What is sent, in words of the log; nothing where that is everything."""


@dataclass(frozen=True, slots=True)
class WebhooksPage:
    """``console/webhooks.html``."""

    frame: ConsoleFrame
    new_url: str
    webhooks: Sequence[WebhookLine]


@dataclass(frozen=True, slots=True)
class WebhookFields:
    """What is in the fields of a webhook's form, as it was typed, under the names here."""

    name: str = ""
    url: str = ""
    description: str = ""
    event_types: str = ""
    """One on each line; so are the others."""
    areas: str = ""
    lifecycles: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class WebhookFormPage:
    """``console/webhook_form.html``. Posts ``WebhookFields`` and ``version``."""

    frame: ConsoleFrame
    action: str
    list_url: str
    cancel_url: str
    fields: WebhookFields
    areas: Sequence[str]
    """All that there are."""
    lifecycles: Sequence[str]
    name: str = ""
    """Of the webhook that is changed; empty where it is new."""
    faults: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    changed_meanwhile: bool = False


@dataclass(frozen=True, slots=True)
class WebhookSecretLine:
    """A secret that signs."""

    action: str
    """Posted, it signs no more; empty where it is the one that stays."""
    since: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """An event that was to be sent."""

    url: str
    event_type: str
    status: str
    attempts: int
    said: str
    """What went wrong last."""
    http_status: int | None
    happened_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class WebhookPage:
    """``console/webhook.html``. ``replay_action`` gets ``since``, a day; ``secret_action`` gets
    ``overlap``, in hours."""

    frame: ConsoleFrame
    list_url: str
    edit_url: str
    test_action: str
    resume_action: str
    delete_action: str
    secret_action: str
    replay_action: str
    webhook: WebhookLine
    address: str
    description: str
    failing_since: datetime | None
    pause_reason: str
    secrets: Sequence[WebhookSecretLine]
    deliveries: Sequence[DeliveryLine]
    filters: Sequence[FilterLink]
    secret: str = ""
    """One that was made just now: shown this once."""
    steps: Sequence[TestedStep] = ()
    replayed: int | None = None
    since: str = ""
    fault: str = ""
    """Why nothing was sent once more."""
    next_url: str | None = None
    previous_url: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """``console/webhook_delivery.html``."""

    frame: ConsoleFrame
    list_url: str
    webhook_url: str
    webhook: str
    replay_action: str
    """Empty where it waits to be sent anyway."""
    event_url: str
    delivery: DeliveryLine
    message_id: str
    message: str
    """As JSON; empty where the log has it no more."""
    answer: str
    tried_at: datetime | None
    took_ms: int | None
