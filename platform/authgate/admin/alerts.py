"""``/alerts``: what the log has shown that deserves a look, and ``/alert-rules``: what is looked
for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPMethod
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate.alerts import deciding, rules
from authgate.alerts.deciding import Decided, UnknownAlert
from authgate.alerts.rules import Rule
from authgate.alerts.words import TITLES
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, NotFound
from authgate.storage.audit import alerts
from authgate.storage.audit.alerts import Alert
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import AlertState, Severity
from authgate_tenants import current_tenant


class AlertQuery(ListQuery):
    """Which alerts are looked for."""

    state: AlertState | None = None
    rule: Rule | None = None


class AlertDocument(Document):
    """Something in the log that deserves a look."""

    model_config = exemplified(
        id="01a22b9b-242f-72ca-909d-473febcc52b1",
        rule="failed-sign-ins-address",
        subject_type="address",
        subject_id="203.0.113.7",
        severity="WARNING",
        state="open",
        events=41,
        first_at="2026-03-02T09:12:44Z",
        last_at="2026-03-02T09:17:02Z",
        event_id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
        details={"address": "203.0.113.7", "addresses": 1, "accounts": 38},
        raised_at="2026-03-02T09:14:00Z",
        decided_by="",
        decided_at=None,
    )

    id: UUID
    rule: str
    """One of those that `GET /alert-rules` tells."""

    subject_type: str
    """Whom it is about: `user`, `client`, `address`, `key`, `limit`, `quota`, `tenant`, …"""

    subject_id: str
    severity: Severity
    state: AlertState
    """`open` becomes `acknowledged`, where somebody looks after it, and `closed`."""

    events: int
    """How many it were, and came since within the rule's window."""

    first_at: datetime
    last_at: datetime
    event_id: UUID | None
    """An event of the log that it is about."""

    details: Mapping[str, Any]
    """More, by the rule."""

    raised_at: datetime
    decided_by: str
    """Who acknowledged or closed it last."""

    decided_at: datetime | None


class AlertList(ListDocument):
    """Alerts, the newest first. Each is kept for a year."""

    items: Sequence[AlertDocument]


class AlertRuleDocument(Document):
    """A rule, as it is now."""

    model_config = exemplified(
        rule="failed-sign-ins-address",
        title="Many failed sign-ins from an address",
        severity="WARNING",
        is_on=True,
        threshold=30,
        window_minutes=10,
        default="30/10min",
    )

    rule: str
    title: str
    severity: Severity
    is_on: bool
    threshold: Annotated[int, Field(ge=1)]
    """So many within the window raise it; of `impossible-travel`, kilometres an hour."""

    window_minutes: Annotated[int, Field(ge=1)]
    """What is counted together, and for how long the same is not told again."""

    default: str
    """What it is where the setting `alert_rules` says nothing of it."""


class AlertRuleList(Document):
    """The rules that there are."""

    items: Sequence[AlertRuleDocument]


async def list_alerts(call: Call[AlertQuery, Nothing]) -> Answer[AlertList]:
    """List alerts."""
    asked = call.query
    page = await alerts.page(
        state=asked.state,
        rule=asked.rule or "",
        cursor=await lists.opened(call),
        limit=asked.limit,
    )
    return await lists.answer(call, page, AlertList, _document)


async def read_alert(call: Call[Nothing, Nothing]) -> Answer[AlertDocument]:
    """Read an alert."""
    found = await alerts.find(call.uuid("alert_id"))
    if found is None:
        raise NotFound
    return Answer(_document(found))


async def acknowledge_alert(call: Call[Nothing, Nothing]) -> Answer[AlertDocument]:
    """Say that you look after an alert that is open."""
    return await _decide(call, deciding.acknowledge)


async def close_alert(call: Call[Nothing, Nothing]) -> Answer[AlertDocument]:
    """Be done with an alert."""
    return await _decide(call, deciding.close)


async def list_alert_rules(call: Call[Nothing, Nothing]) -> Answer[AlertRuleList]:
    """List the rules of alerts, as they are now.

    They are changed by `PATCH /settings`: `alert_rules` says what is otherwise than it begins as,
    `alert_mail` and `alert_recipients` who is written to.
    """
    del call
    chosen = rules.chosen(current_tenant().settings)
    return Answer(
        AlertRuleList(
            items=[
                AlertRuleDocument(
                    rule=rule,
                    title=TITLES[rule],
                    severity=each.severity,
                    is_on=each.is_on,
                    threshold=each.threshold,
                    window_minutes=int(each.window.total_seconds()) // 60,
                    default=str(rules.DEFAULTS[rule]),
                )
                for rule, each in chosen.items()
            ]
        )
    )


async def _decide(
    call: Call[Nothing, Nothing], how: Callable[..., Awaitable[Alert]]
) -> Answer[AlertDocument]:
    try:
        decided = await how(call.parts, call.uuid("alert_id"), actor=call.caller.actor)
    except UnknownAlert as error:
        raise NotFound from error
    except Decided as error:
        raise Conflict(f"The alert is {error} already.") from error
    return Answer(_document(decided))


def _document(alert: Alert) -> AlertDocument:
    return told(alert, AlertDocument)


_READ, _WRITE = Scope.AUDIT_READ, Scope.AUDIT_WRITE
_ONE = "/alerts/{alert_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/alerts", list_alerts, scope=_READ),
    operation(HTTPMethod.GET, _ONE, read_alert, scope=_READ),
    operation(
        HTTPMethod.POST, f"{_ONE}/acknowledge", acknowledge_alert, scope=_WRITE, problems=[Conflict]
    ),
    operation(HTTPMethod.POST, f"{_ONE}/close", close_alert, scope=_WRITE, problems=[Conflict]),
    operation(HTTPMethod.GET, "/alert-rules", list_alert_rules, scope=_READ),
]
