"""The pages of alerts as an administrator may meet them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from authgate import permissions
from authgate.alerts.rules import DEFAULTS
from authgate.alerts.words import TITLES
from authgate.permissions import UserRole
from authgate.web.alert_view_models import (
    AlertLine,
    AlertRuleLine,
    AlertRulesPage,
    AlertsPage,
    RespondPage,
    ResponseLine,
)
from authgate.web.console_view_models import ConsoleFrame

_NOW = datetime.now(UTC)
_LONG = "a-name-without-a-single-space-in-it-" * 2
_HERE = "/t/northwind/admin/audit"

Sample = tuple[str, object]


def alert_samples() -> Mapping[str, Sample]:
    """Each page, in every state that it has."""
    return {
        "console-alerts": _alerts(),
        "console-alerts-none": _alerts(alerts=(), next_url=None),
        "console-alert-rules": _rules(),
        "console-alert-rules-wrong": _rules(
            rules=[_rule(number, fault=_LONG) for number in range(2)],
            faults={"failed-sign-ins-account": _LONG},
            has_places=False,
        ),
        "console-respond": _respond(fault=_LONG),
        "console-respond-nobody": _respond(user="", unknown=True, client="", keys_url=""),
    }


def _frame() -> ConsoleFrame:
    return ConsoleFrame(
        signed_in_as="mira.halvorsen@northwind.example",
        role=UserRole.OWNER,
        guest=False,
        permissions=permissions.of(UserRole.OWNER),
        pages=frozenset(("", "/clients", "/audit", "/audit/alerts", "/audit/exports")),
        console_url="/t/northwind/admin",
        account_url="/t/northwind/account",
        sign_out_action="/t/northwind/logout",
        api_url="/t/northwind/api/v1/docs",
    )


def _alert(number: int, **changes: object) -> AlertLine:
    filled: dict[str, object] = {
        "title": list(TITLES.values())[number],
        "subject": "" if number == 2 else f"{_LONG}{number}",
        "severity": ("WARNING", "CRITICAL")[number % 2],
        "state": "open",
        "events": 4200 + number,
        "last_at": _NOW,
        "raised_at": _NOW - timedelta(minutes=number),
        "decided_by": "",
        "facts": (("address", "203.0.113.7"), ("countries", "CH, PT")),
        "respond_url": f"{_HERE}/respond",
        "event_url": f"{_HERE}/events/{number}",
        "acknowledge_action": f"{_HERE}/alerts/{number}/acknowledge",
        "close_action": f"{_HERE}/alerts/{number}/close",
    }
    return AlertLine(**(filled | changes))  # type: ignore[arg-type]  # by their names


def _alerts(**changes: object) -> Sample:
    decided = {"state": "acknowledged", "decided_by": _LONG, "acknowledge_action": ""}
    filled: dict[str, object] = {
        "frame": _frame(),
        "alerts": (
            _alert(0),
            _alert(1, **decided),
            _alert(2, **(decided | {"state": "closed", "close_action": "", "event_url": ""})),
        ),
        "states": [
            (state, _HERE, state == "open") for state in ("", "open", "acknowledged", "closed")
        ],
        "rules_url": f"{_HERE}/alerts/rules",
        "next_url": f"{_HERE}/alerts?cursor=1",
        "previous_url": None,
    }
    return ("console/alerts.html", AlertsPage(**(filled | changes)))  # type: ignore[arg-type]  # as above


def _rule(number: int, **changes: object) -> AlertRuleLine:
    rule = list(DEFAULTS)[number]
    filled: dict[str, object] = {
        "name": rule,
        "title": TITLES[rule],
        "severity": DEFAULTS[rule].severity,
        "is_on": number % 3 > 0,
        "choice": "5/10min" if number % 4 == 0 else str(DEFAULTS[rule]),
        "default": str(DEFAULTS[rule]),
    }
    return AlertRuleLine(**(filled | changes))  # type: ignore[arg-type]  # as above


def _rules(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "rules": [_rule(number) for number in range(len(DEFAULTS))],
        "list_url": f"{_HERE}/alerts",
        "mail_url": "/t/northwind/admin/settings/audit",
        "action": f"{_HERE}/alerts/rules",
        "has_places": True,
    }
    return ("console/alert_rules.html", AlertRulesPage(**(filled | changes)))  # type: ignore[arg-type]  # as above


def _respond(**changes: object) -> Sample:
    names = ("disable-user", "sign-out", "block-address", "disable-client", "revoke-client")
    filled: dict[str, object] = {
        "frame": _frame(),
        "list_url": _HERE,
        "here": f"{_HERE}/respond",
        "user": _LONG,
        "user_url": "/t/northwind/admin/users/1",
        "address": "203.0.113.7",
        "client": _LONG,
        "client_url": "",
        "lines": [
            ResponseLine(name, f"{_HERE}/respond/{name}", _LONG, f"authgate user disable {_LONG}")
            for name in (*names, "rotate-keys")
        ]
        + [ResponseLine("export-window", "", "", "authgate audit export --since 24h")],
        "events_url": _HERE,
        "keys_url": "/t/northwind/admin/signing-keys",
    }
    return ("console/respond.html", RespondPage(**(filled | changes)))  # type: ignore[arg-type]  # as above
