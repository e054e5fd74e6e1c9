"""The operators' pages as one of them may meet them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from authgate import permissions
from authgate.permissions import UserRole
from authgate.provisioning import overviews
from authgate.vocabulary import AccessState
from authgate.web import usage_chart
from authgate.web.console_view_models import ConsoleFrame, Done, FilterLink, Told
from authgate.web.operator_view_models import (
    AllTenants,
    AnnouncementFields,
    AnnouncementLine,
    AnnouncementsPage,
    AskedFields,
    CreatedTenantPage,
    DeletionLine,
    DeletionsPage,
    HealthLine,
    JobLine,
    NewTenantFields,
    NewTenantPage,
    NotableTenant,
    OperatedTenantPage,
    OperatorOverviewPage,
    TenantAccessPage,
    TenantConfirmPage,
    TenantEntryPage,
    TenantLine,
    TenantsPage,
)
from authgate.web.plan_view_models import PlanFields, PlanLine, PlanPage, PlansPage
from authgate.web.team_view_models import AccessLine
from authgate.web.usage_view_models import Figure
from authgate_tenants import TenantStatus
from authgate_tenants.models import DeletionState

_NOW = datetime.now(UTC)
_HERE = "/t/ops/operator/tenants"
_LONG = "a-name-without-a-single-space-in-it-" * 2

Sample = tuple[str, object]

OPERATOR_ALIKE = frozenset(
    f"operator-{name}"
    for name in (
        "overview-ill",
        "overview-new",
        "tenants-none",
        "tenant-suspended",
        "tenant-deleting",
        "tenant-own",
        "tenant-auditor",
        "tenant-long",
        "new-faults",
        "suspend-mistyped",
        "delete-fault",
        "access-faults",
        "access-closed",
        "announcements-faults",
        "plans-auditor",
        "plan-faults",
        "plan-built-in",
        "plan-own",
        "deletions-none",
    )
)
"""Those that differ from another one in their words alone."""


def _health() -> HealthLine:
    return HealthLine(0.4, 3, 0, _NOW.date(), _NOW, 1, 0, 0, key_is_old=False)


def _unwell() -> HealthLine:
    return HealthLine(61.5, 12_345, 17, None, None, 3, 2, 100, key_is_old=True)


def operator_samples() -> dict[str, Sample]:
    """Each template in every state it has, by name."""
    return {
        "operator-overview": _overview(),
        "operator-overview-ill": _overview(
            parts={"database": "ok", "redis": "unreachable"}, jobs_queued=12_345, all=None
        ),
        "operator-overview-new": _overview(all=replace(_all(), counted_at=None)),
        "operator-tenants": _tenants(next_url=_HERE, previous_url=_HERE),
        "operator-tenants-none": _tenants(tenants=(), search="zz"),
        "operator-tenant": _tenant(),
        "operator-tenant-suspended": _tenant(
            status=TenantStatus.SUSPENDED, frame=_frame(done=Done.TENANT_SUSPENDED)
        ),
        "operator-tenant-deleting": _tenant(status=TenantStatus.DELETING, deletion=_LINES[0]),
        "operator-tenant-own": _tenant(own=True),
        "operator-tenant-auditor": _tenant(frame=_frame(UserRole.AUDITOR), fault="It waits."),
        "operator-tenant-long": _tenant(name=_LONG, slug=_LONG[:63], hosts=(f"{_LONG}.example",)),
        "operator-new": ("operator/tenant_new.html", NewTenantPage(_frame(), _HERE, _HERE)),
        "operator-new-faults": (
            "operator/tenant_new.html",
            NewTenantPage(
                _frame(),
                _HERE,
                _HERE,
                NewTenantFields(slug="Northwind", email="nora"),
                {"slug": "It is none.", "username": "It has to be there.", "email": "It is none."},
            ),
        ),
        "operator-created": (
            "operator/tenant_created.html",
            CreatedTenantPage(
                _frame(), "Northwind", "https://id.example/t/northwind", "nora", "x" * 29, _HERE
            ),
        ),
        "operator-suspend": _confirm(),
        "operator-suspend-mistyped": _confirm(mistyped=True),
        "operator-delete": _confirm(deletes=True),
        "operator-delete-fault": _confirm(deletes=True, fault="It waits to be deleted already."),
        "operator-access": _access(),
        "operator-access-faults": _access(
            accesses=(), announced=True, faults={"reason": "It has to be there."}, fault="No."
        ),
        "operator-access-closed": _access(served=False),
        "operator-entry": (
            "operator/tenant_entry.html",
            TenantEntryPage(_frame(), "Northwind", _HERE, _HERE, "https://t1.example/entry?key=x"),
        ),
        "operator-announcements": _announcements(),
        "operator-announcements-faults": _announcements(
            announcements=(), faults={"text": "It has to be there."}
        ),
        "operator-plans": ("operator/plans.html", PlansPage(_frame(), _PLANS, _HERE)),
        "operator-plans-auditor": (
            "operator/plans.html", PlansPage(_frame(UserRole.AUDITOR), _PLANS, _HERE),
        ),
        "operator-plan-new": _plan(),
        "operator-plan-faults": _plan(
            fields=PlanFields(clients="many", limits="5/s"), fault="There is a plan of this name.",
            faults={"name": "It has to be there.", "clients": "A number.", "limits": "No line."},
        ),
        "operator-plan-built-in": _plan(
            name="free", is_built_in=True, is_changed=True, fields=PlanFields("free", clients="10"),
        ),
        "operator-plan-own": _plan(name="team", is_changed=True),
        "operator-deletions": (
            "operator/deletions.html", DeletionsPage(_frame(), _LINES, _HERE, _HERE),
        ),
        "operator-deletions-none": ("operator/deletions.html", DeletionsPage(_frame(), ())),
    }  # fmt: skip


def _frame(role: UserRole = UserRole.OWNER, done: Done | None = None) -> ConsoleFrame:
    return ConsoleFrame(
        signed_in_as="mira.halvorsen@ops.example",
        role=role,
        permissions=permissions.of_operator(role),
        pages=frozenset(("", "/tenants", "/plans", "/deletions", "/announcements")),
        console_url="/t/ops/operator",
        account_url="/t/ops/account",
        sign_out_action="/t/ops/logout",
        api_url="/t/ops/operator/v1/docs",
        done=done,
        told=(Told("Nobody can sign in on Sunday.", urgent=True, since=_NOW),),
        operates=True,
        other_url="/t/ops/admin",
    )


def _deletion(state: DeletionState, **changes: object) -> DeletionLine:
    filled: dict[str, object] = {
        "url": _HERE,
        "slug": "northwind",
        "state": state,
        "requested_at": _NOW - timedelta(days=31),
        "due_at": _NOW - timedelta(days=1),
        "ended_at": _NOW,
    }
    return DeletionLine(**(filled | changes))  # type: ignore[arg-type]


_LINES = (
    _deletion(DeletionState.WAITING, ended_at=None),
    _deletion(DeletionState.RESTORED),
    _deletion(DeletionState.ERASING, url="", ended_at=None),
    _deletion(DeletionState.DELETED, url="", certificate="eyJ.eyJ.sig"),
)


_PLANS = (
    PlanLine("default", _HERE, True, None, None, None, None, 0),
    PlanLine("team", _HERE, False, 12_345, 1_000_000_000, 0, None, 3),
)


def _plan(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "name": "",
        "is_built_in": False,
        "is_changed": False,
        "seen": '"x"',
        "action": _HERE,
        "remove_action": _HERE,
        "back_url": _HERE,
    }
    page = PlanPage(**(filled | changes))  # type: ignore[arg-type]
    return ("operator/plan.html", page)


def _all() -> AllTenants:
    first = _NOW.date() - timedelta(days=7)
    days = [first + timedelta(days=each) for each in range(7)]
    series = {
        "succeeded": {each: 400 * (each.day % 5) for each in days},
        "failed": {each: each.day for each in days},
    }
    measures = (*overviews.TOLD, "new_tenants")
    return AllTenants(
        spans=[FilterLink(each, _HERE, current=each == "7d") for each in ("7d", "30d", "90d")],
        counted_at=_NOW,
        figures=[Figure(each, 1_260_000, 400) for each in measures],
        charts={"sign_ins": usage_chart.over(days, series, _NOW, colours=(1, 3))},
        states=[(each, 17, _HERE) for each in TenantStatus],
        day=days[-1],
        behind=3,
        busiest=[NotableTenant(_HERE, "Northwind", 12_345), NotableTenant(_HERE, _LONG, 1)],
        failing=[NotableTenant(_HERE, "Northwind", 120, 300)],
    )


def _overview(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "all": _all(),
        "version": "1.0.0",
        "parts": {"database": "ok", "migrations": "ok"},
        "jobs": (JobLine("roll-up-usage", _NOW, 3), JobLine("remove-expired", None, None)),
        "jobs_waiting": 2,
        "jobs_queued": None,
        "counted": 100,
    }
    page = OperatorOverviewPage(**(filled | changes))  # type: ignore[arg-type]
    return ("operator/overview.html", page)


def _tenants(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": _HERE,
        "new_url": f"{_HERE}/new",
        "clear_url": _HERE,
        "tenants": tuple(
            TenantLine(
                _HERE,
                f"t{number}",
                f"Tenant {number}",
                each,
                "free",
                f"https://t{number}.ex",
                _NOW,
                (_health(), _unwell(), None)[number % 3],
            )
            for number, each in enumerate(TenantStatus)
        ),
        "search": "",
        "by": "slug",
        "kept": {"status": "active"},
        "statuses": tuple(
            FilterLink(each, _HERE, current=each == "") for each in ("", *TenantStatus)
        ),
    }
    return ("operator/tenants.html", TenantsPage(**(filled | changes)))  # type: ignore[arg-type]


def _tenant(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa",
        "slug": "northwind",
        "name": "Northwind",
        "status": TenantStatus.ACTIVE,
        "issuer": "https://login.northwind.example",
        "hosts": ("login.northwind.example",),
        "created_at": _NOW,
        "updated_at": _NOW,
        "plan": "free",
        "plans": ("business", "default", "free"),
        "plan_action": f"{_HERE}/1/plan",
        "health": _unwell(),
        "figures": [Figure("tokens", 12_345, 9_000), Figure("sign_ins", 0, 0)],
        "charts": {},
        "counted_until": _NOW,
        "own": False,
        "rename_action": f"{_HERE}/1/name",
        "suspend_url": f"{_HERE}/1/suspend",
        "resume_action": f"{_HERE}/1/resume",
        "delete_url": f"{_HERE}/1/delete",
        "restore_action": f"{_HERE}/1/restore",
        "access_url": f"{_HERE}/1/access",
    }
    page = OperatedTenantPage(**(filled | changes))  # type: ignore[arg-type]
    return ("operator/tenant.html", page)


def _confirm(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "slug": "northwind",
        "name": "Northwind",
        "deletes": False,
        "action": _HERE,
        "cancel_url": _HERE,
        "days": 30,
    }
    page = TenantConfirmPage(**(filled | changes))  # type: ignore[arg-type]
    return ("operator/tenant_confirm.html", page)


def _access(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "name": "Northwind",
        "tenant_url": _HERE,
        "action": _HERE,
        "announced": False,
        "served": True,
        "accesses": tuple(
            AccessLine(
                operator="mira",
                role=UserRole.ADMIN,
                reason="Ticket 4711: sign-ins by GitHub fail since noon",
                emergency=state is AccessState.GRANTED,
                state=state,
                asked_at=_NOW,
                begins_at=None if state is AccessState.ASKED else _NOW,
                ends_at=_NOW + timedelta(hours=1),
                over=False,
                decided_by="nora" if state is AccessState.REFUSED else "",
                enter_action=_HERE if state is AccessState.GRANTED else "",
                end_action=_HERE if state in (AccessState.ASKED, AccessState.GRANTED) else "",
            )
            for state in AccessState
        ),
        "roles": (UserRole.AUDITOR, UserRole.ADMIN),
        "hours": range(1, 9),
        "fields": AskedFields(reason="Ticket 4711"),
    }
    page = TenantAccessPage(**(filled | changes))  # type: ignore[arg-type]
    return ("operator/tenant_access.html", page)


def _announcements(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": _HERE,
        "announcements": tuple(
            AnnouncementLine(
                text="Nobody can sign in on Sunday.",
                urgent=shown,
                begins_at=_NOW,
                ends_at=_NOW + timedelta(hours=1),
                shown=shown,
                end_action=_HERE,
            )
            for shown in (True, False)
        ),
        "hours": (1, 24),
        "fields": AnnouncementFields(),
    }
    return ("operator/announcements.html", AnnouncementsPage(**(filled | changes)))  # type: ignore[arg-type]
