"""The pages of the audit log as an administrator may meet them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from authgate import permissions
from authgate.admin.console.audit_search import RESULTS, SEVERITIES
from authgate.audit import Event
from authgate.audit.meanings import AREAS, MEANINGS
from authgate.permissions import UserRole
from authgate.provisioning.overviews import last_hours
from authgate.vocabulary import Severity
from authgate.web import usage_chart
from authgate.web.audit_view_models import (
    AuditChange,
    AuditCount,
    AuditDetail,
    AuditEventPage,
    AuditLine,
    AuditLink,
    AuditPage,
    AuditStatisticsPage,
    Narrowing,
    SavedSearchLink,
)
from authgate.web.console_view_models import ConsoleFrame, FilterLink

_NOW = datetime.now(UTC)
_LONG = "a-name-without-a-single-space-in-it-" * 2
_HERE = "/t/northwind/admin/audit"

Sample = tuple[str, object]

AUDIT_ALIKE = frozenset(
    {
        "console-audit-none",
        "console-audit-empty",
        "console-audit-event-plain",
        "console-audit-statistics-none",
    }
)
"""Samples that differ from others in their words only."""


def audit_samples() -> Mapping[str, Sample]:
    """Both pages, in every state that they have."""
    return {
        "console-audit": _list(),
        "console-audit-none": _list(events=(), unknown_user=True, user="nobody"),
        "console-audit-wrong": _list(events=(), ip="nowhere", bad_ip=True),
        "console-audit-looked": _list(events=(), looked_to=_NOW, next_url=_HERE),
        "console-audit-empty": _list(events=(), kept={}, search="", since=None, narrowings=()),
        "console-audit-statistics": _statistics(),
        "console-audit-statistics-none": _statistics(
            chart=None, types=(), addresses=(), actors=(), counted_since=None
        ),
        "console-audit-event": _event(),
        "console-audit-event-plain": _event(
            changes=(), details=(), beside=(), meaning="", event=_line(1), session=AuditLink("")
        ),
    }


def _frame() -> ConsoleFrame:
    return ConsoleFrame(
        signed_in_as="mira.halvorsen@northwind.example",
        role=UserRole.AUDITOR,
        guest=False,
        permissions=permissions.of(UserRole.AUDITOR),
        pages=frozenset(
            ("", "/clients", "/users", "/audit", "/audit/statistics", "/audit/exports")
        ),
        console_url="/t/northwind/admin",
        account_url="/t/northwind/account",
        sign_out_action="/t/northwind/logout",
        api_url="/t/northwind/api/v1/docs",
    )


def _link(text: str) -> AuditLink:
    return AuditLink(text, _HERE if text else "")


def _line(number: int, **changes: object) -> AuditLine:
    filled: dict[str, object] = {
        "url": f"{_HERE}/events/{number}",
        "type": _link(Event.CLIENT_UPDATED),
        "severity": Severity.INFO,
        "success": True,
        "at": _NOW - timedelta(minutes=number),
        "actor": _link("mira.halvorsen"),
        "actor_type": "user",
        "about": _link("billing-sync"),
        "about_type": "client",
        "ip": _link("192.0.2.7"),
        "client": _link("billing-sync"),
    }
    return AuditLine(**(filled | changes))  # type: ignore[arg-type]  # by their names


def audit_lines() -> tuple[AuditLine, ...]:
    """Events of every severity, some of them long."""
    return (
        _line(1),
        _line(
            2,
            type=_link(Event.AUTHENTICATION_FAILURE),
            severity=Severity.WARNING,
            success=False,
        ),
        _line(
            3,
            type=_link(Event.SIGNING_KEY_REVOKED),
            severity=Severity.CRITICAL,
            actor=_link(_LONG),
            about=_link(_LONG),
            about_type="signing_key",
            ip=_link("2001:db8:1111:2222:3333:4444:5555:6666"),
        ),
        _line(4, actor=_link(""), actor_type="system", about=_link(""), ip=_link("")),
    )


def _choices(name: str, values: tuple[str, ...], current: str = "") -> tuple[FilterLink, ...]:
    every = ("", *values)
    return tuple(FilterLink(each, f"{_HERE}?{name}={each}", each == current) for each in every)


def _list(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": _HERE,
        "clear_url": _HERE,
        "events": audit_lines(),
        "search": "billing",
        "user": "",
        "ip": "",
        "since": date(2026, 3, 2),
        "to": None,
        "kept": {"severity": "WARNING"},
        "severities": _choices("severity", SEVERITIES, "WARNING"),
        "areas": _choices("area", tuple(AREAS)),
        "results": _choices("result", RESULTS),
        "narrowings": (Narrowing("actor", _LONG, _HERE), Narrowing("client", "billing", _HERE)),
        "sizes": (FilterLink("25", _HERE, current=True), FilterLink("50", _HERE, current=False)),
        "next_url": f"{_HERE}?cursor=n",
        "previous_url": f"{_HERE}?cursor=p",
        "saved": (
            SavedSearchLink("Failed sign-ins", _HERE, is_shared=True, is_current=True),
            SavedSearchLink(_LONG[:80], _HERE, False, is_outdated=True, delete_action=_HERE),
        ),
        "save_action": _HERE,
        "list": "severity=WARNING",
        "may_share": True,
    }
    return ("console/audit.html", AuditPage(**(filled | changes)))  # type: ignore[arg-type]  # as above


def _event(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "list_url": _HERE,
        "event": audit_lines()[2],
        "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
        "meaning": MEANINGS[Event.CLIENT_UPDATED],
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "request": _link("0199f3a1c2d47b3e9a5c6d7e8f901234"),
        "session": _link("0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcf"),
        "changes": (
            AuditChange("redirect_uris", f'["https://{_LONG}.example"]', "[]"),
            AuditChange("name", "", "Billing sync"),
            AuditChange("", "user", "admin"),
        ),
        "details": (AuditDetail("version", "7"), AuditDetail("reason", _LONG)),
        "actor_url": "/t/northwind/admin/users/1",
        "about_url": "/t/northwind/admin/clients/1",
        "client_url": "/t/northwind/admin/clients/1",
        "beside": audit_lines()[:2],
    }
    return ("console/audit_event.html", AuditEventPage(**(filled | changes)))  # type: ignore[arg-type]  # as above


def _statistics(**changes: object) -> Sample:
    here, hours = f"{_HERE}/statistics", last_hours(_NOW)
    series = {
        "succeeded": {each: 70 * (each.hour % 7) for each in hours},
        "failed": {each: each.hour % 3 for each in hours},
    }
    kinds = ("all", "failed", "WARNING", "CRITICAL")
    filled: dict[str, object] = {
        "frame": _frame(),
        "spans": [FilterLink(each, here, current=each == "24h") for each in ("24h", "7d", "30d")],
        "figures": [AuditCount(_link(each), 12_345) for each in kinds],
        "chart": usage_chart.over(hours, series, _NOW, colours=(1, 3)),
        "types": [
            AuditCount(_link(Event.AUTHENTICATION_FAILURE), 4711, _link("4711"), 4711),
            AuditCount(_link(Event.CLIENT_CREDENTIALS_TOKEN_ISSUED), 17),
        ],
        "addresses": [AuditCount(_link("2001:db8:1111:2222:3333:4444:5555:6666"), 17)],
        "actors": [AuditCount(_link(_LONG), 3)],
        "counted_since": _NOW - timedelta(days=2),
    }
    page = AuditStatisticsPage(**(filled | changes))  # type: ignore[arg-type]  # as above
    return ("console/audit_statistics.html", page)
