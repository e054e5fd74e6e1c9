"""The console's pages about people, as an administrator may meet them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from authgate.permissions import UserRole
from authgate.vocabulary import AccessState
from authgate.web.console_view_models import ConsoleFrame, FilterLink, SortLink
from authgate.web.impersonation_view_models import ImpersonationLine
from authgate.web.second_factor_view_models import PasskeyLine, RememberedLine
from authgate.web.user_import_view_models import (
    ImportLine,
    ImportPage,
    ImportsPage,
    RefusedLine,
)
from authgate.web.user_selection_view_models import (
    GoOn,
    OutcomeLine,
    UserOutcomesPage,
    UserSelectionPage,
)
from authgate.web.user_view_models import (
    ErasureLine,
    ErasuresPage,
    EventLine,
    FactorResetPage,
    GrantedLine,
    GroupLink,
    IdentityLine,
    PersonDeletePage,
    PersonFactors,
    PersonFields,
    PersonFormPage,
    PersonPage,
    PersonPasswordPage,
    UserLine,
    UsersPage,
)
from authgate.web.view_models import DeviceKind, SessionLine

_NOW = datetime.now(UTC)
_LONG = "a-name-without-a-single-space-in-it-" * 2
_HERE = "/t/northwind/admin/users"

Sample = tuple[str, object]

PEOPLE_ALIKE = frozenset(
    {
        "console-users-none",
        "console-user-own",
        "console-user-form",
        "console-user-form-faults",
        "console-user-delete",
        "console-user-factors",
        "console-user-selection",
        "console-user-selection-removal",
        "console-user-selection-all",
        "console-user-outcomes-so-far",
        "console-user-outcomes",
        "console-user-imports",
        "console-user-import",
        "console-user-import-under-way",
        "console-user-password",
        "console-user-password-shown",
    }
)
"""Samples that differ from others in their words only."""

_MIRA = UserLine(
    url=f"{_HERE}/1",
    username="mira",
    name="Mira Halvorsen",
    email="mira.halvorsen@northwind.example",
    role=UserRole.ADMIN,
    disabled=False,
    guest=False,
    has_password=True,
    created_at=_NOW - timedelta(days=3),
    field="user-1",
)
_LINES = (
    _MIRA,
    replace(_MIRA, username=_LONG, name=_LONG, email=f"{_LONG}@x.example", disabled=True),
    replace(_MIRA, username="sam", name="", email="", role=UserRole.USER, guest=True, field=""),
)


def _choices(*values: str) -> tuple[FilterLink, ...]:
    return tuple(FilterLink(each, f"{_HERE}?x={each}", current=not each) for each in values)


def _users(frame: ConsoleFrame, **changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": frame,
        "action": _HERE,
        "new_url": f"{_HERE}/new",
        "import_url": f"{_HERE}/import",
        "erasures_url": f"{_HERE}/erasures",
        "selection_action": f"{_HERE}/selected",
        "list": "",
        "users": _LINES,
        "total": 3,
        "search": "",
        "kept": {"sort": "-username"},
        "statuses": _choices("", "active", "disabled"),
        "roles": _choices("", *UserRole),
        "ways_in": _choices("", "password", "elsewhere"),
        "sizes": _choices("25", "50", "100"),
        "by_name": SortLink(f"{_HERE}?sort=username", "descending"),
        "by_age": SortLink(f"{_HERE}?sort=-created_at"),
        "next_url": f"{_HERE}?cursor=x",
    }
    return ("console/users.html", UsersPage(**(filled | changes)))  # type: ignore[arg-type]


_FACTORS = PersonFactors(
    required=True,
    due_at=None,
    app_since=_NOW,
    app_used_at=None,
    passkeys=(PasskeyLine("1", _LONG, _NOW, None), PasskeyLine("2", "Key", _NOW, _NOW)),
    recovery_codes=9,
    devices=(RememberedLine("1", "Firefox 148", DeviceKind.PHONE, "192.0.2.7", _NOW, _NOW, _NOW),),
    reset_url=f"{_HERE}/1/second-factors",
)


def _user(frame: ConsoleFrame, **changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": frame,
        "list_url": _HERE,
        "here": f"{_HERE}/1",
        "line": _MIRA,
        "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd",
        "email_verified": True,
        "updated_at": _NOW,
        "guest_until": None,
        "own": False,
        "beyond": False,
        "changes": True,
        "role_url": "/t/northwind/admin/team/1",
        "tokens_url": "/t/northwind/admin/tokens?user=mira",
        "tokens": 100,
        "more_tokens": True,
        "sessions": (
            SessionLine(
                id="session-1",
                device="Chrome 156 on Linux",
                kind=DeviceKind.LAPTOP,
                ip="198.51.100.1",
                current=False,
                last_active_at=_NOW - timedelta(hours=2),
                signed_in_at=_NOW - timedelta(days=1),
            ),
        ),
        "factors": _FACTORS,
        "applications": (
            GrantedLine(
                "fleet", _LONG, "/t/northwind/admin/clients/1", ("openid", _LONG), _NOW, _NOW
            ),
        ),
        "takes_back": True,
        "identities": (
            IdentityLine(f"{_HERE}/1/identities/1", "GitHub", "mira-h", "583231", _NOW, _NOW),
        ),
        "impersonations": (
            ImpersonationLine(
                actor="mira",
                reason=_LONG,
                asked_at=_NOW,
                ends_at=_NOW,
                state=AccessState.GRANTED,
                waits=False,
                open=True,
                begin_action=f"{_HERE}/1/impersonations/1/begin",
                end_action=f"{_HERE}/1/impersonations/1/end",
            ),
        ),
        "ask_action": f"{_HERE}/1/impersonations",
        "groups": (GroupLink("Staff", "/t/northwind/admin/groups/1"),),
        "events_url": "/t/northwind/admin/audit?user=1",
        "events": (
            EventLine("AUTHENTICATION_FAILURE", success=False, actor="mira", ip="::1", at=_NOW),
        ),
    }
    return ("console/user.html", PersonPage(**(filled | changes)))  # type: ignore[arg-type]


def _form(frame: ConsoleFrame, **changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": frame,
        "action": f"{_HERE}/new",
        "list_url": _HERE,
        "cancel_url": _HERE,
        "fields": PersonFields(username="jon"),
        "roles": list(UserRole),
    }
    return ("console/user_form.html", PersonFormPage(**(filled | changes)))  # type: ignore[arg-type]


def people_samples(frame: ConsoleFrame, auditor: ConsoleFrame) -> Mapping[str, Sample]:
    """All of them."""
    delete = PersonDeletePage(
        frame, _HERE, f"{_HERE}/1/delete", f"{_HERE}/1", "mira", "Not theirs."
    )
    gone = [
        ErasureLine(_LONG, state, _NOW, 17, 61, f"{_HERE}/erasures/1" if state == "erased" else "")
        for state in ("requested", "removed", "erased")
    ]
    erased = ErasuresPage(frame, _HERE, gone, "Zr3bHp0tRvgAkLsJcX2dbKJ5Xq1nF4dZ0o9sQm7uV0E", True)
    shown = PersonPasswordPage(frame, _HERE, f"{_HERE}/1", "mira", "ahpkb-2cqmz-tvw7e-xr4nd-59sgy")
    empty: dict[str, object] = {
        "sessions": (),
        "applications": (),
        "identities": (),
        "events": (),
        "changes": False,
    }
    selected = UserSelectionPage(
        frame,
        act="add-to-group",
        action=f"{_HERE}/selected",
        cancel_url=_HERE,
        list="",
        users=_LINES,
        groups=(GroupLink("Staff", "1"), GroupLink(_LONG, "2")),
        fault="Choose a group.",
    )
    lines = [OutcomeLine("mira", "done", ""), OutcomeLine(_LONG, "refused", _LONG)]
    lines.append(OutcomeLine("sam", "unchanged", ""))
    outcomes = UserOutcomesPage(frame, "disable", _HERE, _HERE, lines)
    so_far = {"done": 90, "unchanged": 9, "refused": 1}
    rest = GoOn(f"{_HERE}/selected", {"all": "1"}, 340)
    line = ImportLine(f"{_HERE}/import/1", "mira", _NOW, 120, "working", dry_run=True)
    imports = ImportsPage(
        frame, _HERE, f"{_HERE}/import", ("username", "email"), 64, (line,), _LONG
    )
    sent = ImportPage(
        frame,
        list_url=_HERE,
        all_url=f"{_HERE}/import",
        here=f"{_HERE}/import/1",
        start_action=f"{_HERE}/import/1/start",
        state="done",
        dry_run=True,
        lines=120,
        gone_through=120,
        created=100,
        changed=12,
        unchanged=6,
        refused=2,
        refusals=(RefusedLine(7, _LONG, _LONG),),
    )
    factors = FactorResetPage(
        frame, _HERE, f"{_HERE}/1", f"{_HERE}/1/second-factors", _LONG, _FACTORS, "", _LONG
    )
    faults = {"username": _LONG, "email": _LONG}
    return {
        "console-users": _users(frame),
        "console-users-none": _users(auditor, users=(), search="x", next_url=None),
        "console-user": _user(frame),
        "console-user-own": _user(frame, own=True, fault=_LONG, guest_until=_NOW, **empty),
        "console-user-form": _form(frame, title="jon", changed_meanwhile=True),
        "console-user-form-faults": _form(frame, faults=faults),
        "console-user-delete": ("console/user_delete.html", delete),
        "console-user-factors": ("console/user_factors.html", factors),
        "console-user-selection": ("console/user_selection.html", selected),
        "console-user-selection-removal": (
            "console/user_selection.html",
            replace(selected, act="delete", groups=(), fault=""),
        ),
        "console-user-selection-all": (
            "console/user_selection.html",
            replace(selected, act="disable", users=(), everybody=340, until="1", fault=_LONG),
        ),
        "console-user-outcomes": ("console/user_outcomes.html", outcomes),
        "console-user-outcomes-so-far": (
            "console/user_outcomes.html",
            replace(outcomes, totals=so_far, go_on=rest),
        ),
        "console-user-erasures": ("console/user_erasures.html", erased),
        "console-user-imports": ("console/user_imports.html", imports),
        "console-user-import": ("console/user_import.html", sent),
        "console-user-import-under-way": (
            "console/user_import.html",
            replace(sent, state="working", start_action="", refusals=()),
        ),
        "console-user-password": ("console/user_password.html", shown),
        "console-user-password-shown": (
            "console/user_password.html",
            replace(shown, password=None),
        ),
    }
