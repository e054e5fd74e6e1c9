"""The pages with people and things in them, and a small server that shows them to a browser."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from authgate.accounts.scope_lines import in_words
from authgate.admin.api import API
from authgate.api import openapi, reference_page
from authgate.languages import readers
from authgate.languages.readers import Reader
from authgate.vocabulary import AccessState
from authgate.web.account_view_models import (
    AddressPage,
    AddressState,
    DataDone,
    DataPage,
    ForgottenPasswordPage,
    ForgottenState,
    JoinPage,
    JoinState,
    PasswordDone,
    PasswordPage,
    ProfileDone,
    ProfilePage,
)
from authgate.web.identity_view_models import (
    ByAddressPage,
    IdentitiesPage,
    IdentityConfirmPage,
    IdentityLine,
)
from authgate.web.impersonation_view_models import ImpersonationLine, OwnImpersonationsPage
from authgate.web.invitation_view_models import InvitationPage, InvitationState
from authgate.web.login_view_models import LoginPage, LoginProblem
from authgate.web.machine import Reply
from authgate.web.mail_view_models import KeptMail, MailsPage
from authgate.web.pages import Pages
from authgate.web.security_headers import Answer, security_headers
from authgate.web.sign_up_view_models import FoundedPage, SignUpConfirmPage, SignUpPage
from authgate.web.static_files import StaticFiles
from authgate.web.view_models import (
    AccessLine,
    AppLine,
    AppsPage,
    CodeProblem,
    ConsentPage,
    DeviceConfirmPage,
    DeviceDonePage,
    DeviceKind,
    DeviceOutcome,
    EnterCodePage,
    ErrorPage,
    ErrorReason,
    FormPostPage,
    GuestEntryPage,
    LogoutPage,
    SessionLine,
    SessionsPage,
    SignedOutPage,
    SignInOption,
    Visit,
)
from authgate_tenants.scope import Tenant, TenantStatus, use_tenant
from authgate_tenants.settings import TenantSettings
from authgate_testing.alert_samples import alert_samples
from authgate_testing.audit_samples import AUDIT_ALIKE, audit_samples
from authgate_testing.console_samples import CONSOLE_ALIKE, console_samples
from authgate_testing.operator_samples import OPERATOR_ALIKE, operator_samples
from authgate_testing.other_origin import Site, serving
from authgate_testing.security_samples import SECURITY_ALIKE, security_samples

_NOW = datetime.now(UTC)
_FRAME = {
    "signed_in_as": "mira.halvorsen@northwind.example",
    "account_url": "/t/northwind/account",
    "sign_out_action": "/t/northwind/logout",
}
_LONG = "a-name-without-a-single-space-in-it-" * 3


_ACTED_FOR = "impersonations"
"""A page that somebody sees who acts for another."""

Sample = tuple[str, object]
"""A page as a person may meet it: its template, and the value it shows."""


def _impersonations() -> Sample:
    line = ImpersonationLine(
        actor="mira",
        reason=_LONG,
        asked_at=_NOW,
        ends_at=_NOW,
        state=AccessState.ASKED,
        waits=True,
        open=False,
        allow_action="/t/northwind/account/impersonations/1/allow",
        refuse_action="/t/northwind/account/impersonations/1/refuse",
    )
    granted = replace(line, waits=False, open=True, allow_action="", end_action="/end")
    page = OwnImpersonationsPage(
        signed_in_as="ada",
        account_url="/t/northwind/account",
        sign_out_action="/t/northwind/logout",
        lines=(line, granted, replace(line, waits=False, state=AccessState.REFUSED)),
        stated=False,
        minutes=30,
    )
    return ("account/impersonations.html", page)


def _login(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "action": "/t/northwind/login",
        "return_to": "/t/northwind/device",
        "client_name": "Fleet Console",
        "remember_days": 30,
        "forgot_url": "/t/northwind/forgot",
        "join_url": "/t/northwind/join",
        "policy_url": "https://console.fleet.example/privacy",
        "tos_url": "https://console.fleet.example/terms",
    }
    return ("login.html", LoginPage(**(filled | changes)))  # type: ignore[arg-type]


def _enter_code(**changes: object) -> Sample:
    return ("device/enter_code.html", EnterCodePage(**({"action": "/device"} | changes)))  # type: ignore[arg-type]


def _confirm(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "action": "/t/northwind/device/confirm",
        "client_name": "Fleet CLI",
        "first_party": True,
        "self_registered": False,
        "described_at": "",
        "user_code": "WDJB-MJHT",
        "device": "fleet 2.4.1 on Ubuntu 24.04",
        "asked_from_ip": "203.0.113.24",
        "asked_from_place": "Frankfurt, Germany",
        "your_ip": "198.51.100.7",
        "same_place": False,
        "asked_at": _NOW - timedelta(seconds=40),
        "expires_at": _NOW + timedelta(minutes=14, seconds=20),
        "scopes": in_words(["openid", "profile", "email", "read", "write", "offline_access"], {}),
        "signed_in_as": "mira.halvorsen@northwind.example",
        "switch_action": "/t/northwind/device/switch",
    }
    return ("device/confirm.html", DeviceConfirmPage(**(filled | changes)))  # type: ignore[arg-type]


def _consent(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "action": "/t/northwind/oauth/authorize/handle/decision",
        "client_name": "Fleet Console",
        "first_party": False,
        "self_registered": False,
        "described_at": "",
        "returns_to": "console.fleet.example",
        "request": "handle",
        "scopes": in_words(["openid", "profile", "email", "write", "offline_access"], {}),
        "signed_in_as": "mira.halvorsen@northwind.example",
        "switch_action": "/t/northwind/oauth/authorize/handle/switch",
        "policy_url": "https://console.fleet.example/privacy",
    }
    return ("consent.html", ConsentPage(**(filled | changes)))  # type: ignore[arg-type]


def _sessions() -> tuple[SessionLine, ...]:
    def line(number: int, device: str, kind: DeviceKind, hours: int, **more: object) -> SessionLine:
        filled: dict[str, object] = {
            "id": f"session-{number}",
            "device": device,
            "kind": kind,
            "ip": f"198.51.100.{number}",
            "current": False,
            "last_active_at": _NOW - timedelta(hours=hours),
            "signed_in_at": _NOW - timedelta(days=number, hours=hours),
        }
        return SessionLine(**(filled | more))  # type: ignore[arg-type]

    return (
        line(2, "Safari 20 on iPhone", DeviceKind.PHONE, 2, connection="Company SSO"),
        line(1, "Chrome 156 on Linux", DeviceKind.LAPTOP, 0, current=True, place="Zürich"),
        line(3, "Edge 155 on Windows 11", DeviceKind.DESKTOP, 26, applications=("Grafana",)),
        line(4, "Chrome 154 on macOS", DeviceKind.LAPTOP, 150, place="Lisbon", new_place=True),
    )


def _sessions_page(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "signed_in_as": "mira.halvorsen@northwind.example",
        "sessions": _sessions(),
        "account_url": "/t/northwind/account",
        "sign_out_action": "/t/northwind/logout",
        "end_action": "/t/northwind/account/sessions/end",
        "end_others_action": "/t/northwind/account/sessions/end-others",
    }
    return ("account/sessions.html", SessionsPage(**(filled | changes)))  # type: ignore[arg-type]


def _accesses() -> tuple[AccessLine, ...]:
    day = timedelta(days=1)
    scopes = in_words(["read", "write"], {})
    build = AccessLine(
        "1", "Fleet CLI", True, DeviceKind.TERMINAL, "Ubuntu 24.04", _NOW - 11 * day, scopes, _NOW
    )
    hall = AccessLine("2", "Hall display", False, DeviceKind.TV, "", _NOW - 80 * day, scopes[:1])
    return build, hall


def _apps_page(**changes: object) -> Sample:
    def line(name: str, kind: DeviceKind, days: int, used: datetime | None) -> AppLine:
        scopes = in_words(["openid", "profile", "write", "offline_access"], {})
        since = _NOW - timedelta(days=days)
        return AppLine(name, name, days > 9, kind, scopes, since, used)

    filled: dict[str, object] = {
        "signed_in_as": "mira.halvorsen@northwind.example",
        "account_url": "/t/northwind/account",
        "sign_out_action": "/t/northwind/logout",
        "apps": (
            line("Fleet Console", DeviceKind.DESKTOP, 40, _NOW),
            line("Hall display", DeviceKind.TV, 3, None),
            line(_LONG, DeviceKind.TERMINAL, 1, _NOW - timedelta(hours=5)),
        ),
        "remove_action": "/t/northwind/account/apps/remove",
    }
    return ("account/apps.html", AppsPage(**(filled | changes)))  # type: ignore[arg-type]


def _identities(**changes: object) -> Sample:
    known = IdentityLine("i-1", "GitHub", "github", _LONG, _NOW, _NOW, removable=True)
    filled: dict[str, object] = {
        "signed_in_as": "mira.halvorsen@northwind.example",
        "account_url": "/t/northwind/account",
        "sign_out_action": "/t/northwind/logout",
        "remove_action": "/t/northwind/account/identities/unlink",
        "password": True,
        "identities": (known, replace(known, id="i-2", connection="", removable=False)),
        "options": (SignInOption("Company single sign-on", "/link/sso"),),
    }
    return ("account/identities.html", IdentitiesPage(**(filled | changes)))  # type: ignore[arg-type]


def _identity_confirm() -> Sample:
    content = IdentityConfirmPage(
        signed_in_as="mira.halvorsen@northwind.example",
        account_url="/t/northwind/account",
        sign_out_action="/t/northwind/logout",
        action="/t/northwind/account/identities/link",
        connection="GitHub",
        username=_LONG,
        email="mira@northwind.example",
        sealed="sealed",
    )
    return ("account/identity_confirm.html", content)


def _by_address(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "action": "/t/northwind/login/by_address",
        "back_url": "/t/northwind/login",
        "return_to": "/t/northwind/device",
    }
    return ("login_by_address.html", ByAddressPage(**(filled | changes)))  # type: ignore[arg-type]


def _logout(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "action": "/t/northwind/oauth/logout/request",
        "client_name": "Fleet Console",
        "stay_url": "/t/northwind/account/sessions",
        "signed_in_as": "mira.halvorsen@northwind.example",
    }
    return ("logout.html", LogoutPage(**(filled | changes)))  # type: ignore[arg-type]


def _in_tenant() -> dict[str, Sample]:
    github = SignInOption("GitHub", "/t/northwind/login/github", icon="github", last_used=True)
    company = SignInOption("Company single sign-on", "/t/northwind/login/sso")
    late = _NOW + timedelta(minutes=15)
    done = {
        f"done-{outcome}": ("device/done.html", DeviceDonePage(outcome, "Fleet CLI", "/account"))
        for outcome in DeviceOutcome
    }
    refused = ErrorPage(429, "0192f3a7c1", detail="Too many codes.", retry_at=late, back_url="/")
    return {
        "login": _login(),
        "guest-entry": (
            "operator_entry.html",
            GuestEntryPage("/t/northwind/operator-entry", "x" * 43),
        ),
        "login-options": _login(options=(company, github), by_address_url="/login/by_address"),
        "login-options-only": _login(options=(github,), password=False),
        "login-by-address": _by_address(),
        "login-by-address-found": _by_address(option=company, email="mira@northwind.example"),
        "login-by-address-unknown": _by_address(unknown=True, email=_LONG),
        "login-mismatch": _login(
            username="mira@northwind.example", problem=LoginProblem.MISMATCH, tries_left=4
        ),
        "login-paused": _login(username="mira", problem=LoginProblem.PAUSED, retry_at=late),
        "login-again": _login(username="mira", again=True),
        "login-away": _login(problem=LoginProblem.AWAY, directory="Staff directory"),
        "login-directory": _login(directory=_LONG, back_url="/t/northwind/login"),
        "login-stale": _login(problem=LoginProblem.STALE),
        "login-passkey": _login(passkey_action="/passkey", problem=LoginProblem.PASSKEY),
        "login-connection": _login(
            problem=LoginProblem.CONNECTION, options=(github, SignInOption(_LONG, "/login/long"))
        ),
        "login-suspended": _login(problem=LoginProblem.SUSPENDED),
        "api-reference": (
            reference_page.TEMPLATE,
            reference_page.page(
                openapi.document(API, issuer="https://login.northwind.example"),
                document_url="/api/v1/openapi.json",
                meanings=API.meanings,
            ),
        ),
        "enter-code": _enter_code(signed_in_as="mira@northwind.example", switch_action="/switch"),
        "enter-code-unknown": _enter_code(user_code="WDJB-XXXX", problem=CodeProblem.UNKNOWN),
        "enter-code-paused": _enter_code(problem=CodeProblem.PAUSED, retry_at=late),
        "enter-code-stale": _enter_code(problem=CodeProblem.STALE),
        "consent": _consent(),
        "consent-self-registered": _consent(self_registered=True),
        "consent-described": _consent(self_registered=True, described_at="fleet.example"),
        "consent-program": _consent(first_party=True, returns_to="", scopes=()),
        "consent-long": _consent(client_name=_LONG, returns_to=_LONG, signed_in_as=_LONG),
        "form-post": ("form_post.html", FormPostPage("https://app.example/cb", {"code": "c0de"})),
        "form-post-again": (
            "form_post.html",
            FormPostPage("/t/acme/login/idp/callback", {"code": "c0de"}, signs_in=True),
        ),
        "confirm": _confirm(),
        "confirm-same-place": _confirm(same_place=True, first_party=False, asked_from_place=None),
        "confirm-unknown-place": _confirm(
            same_place=None, device="", scopes=(), switch_action=None
        ),
        "confirm-long": _confirm(client_name=_LONG, device=_LONG, signed_in_as=_LONG),
        **done,
        "sessions": _sessions_page(accesses=_accesses(), remove_action="/remove", signed_out=1),
        "sessions-alone": _sessions_page(sessions=_sessions()[1:2]),
        "apps": _apps_page(),
        "apps-none": _apps_page(apps=(), removed=True),
        "identities": _identities(),
        "identities-none": _identities(identities=(), options=(), password=False),
        "identities-linked": _identities(done="linked"),
        "identities-removed": _identities(done="removed"),
        "identities-last": _identities(done="last"),
        "identities-late": _identities(done="late"),
        "identity-confirm": _identity_confirm(),
        _ACTED_FOR: _impersonations(),
        "logout": _logout(),
        "logout-nobody": _logout(client_name="", detail="No such application is registered here."),
        "signed-out": ("signed_out.html", SignedOutPage("/login", "Fleet Console", "https://a.b/")),
        "signed-out-here": ("signed_out.html", SignedOutPage("/login", detail="It said twice.")),
        "signed-out-frames": (
            "signed_out.html",
            SignedOutPage("/login", "Fleet Console", "#gone", ("about:blank#1", "about:blank#2")),
        ),
        "operator-entry": ("operator_entry.html", GuestEntryPage("/operator-entry", "k" * 43)),
        "error-in-tenant": ("error.html", refused),
    }


def _outside_of_tenants() -> dict[str, Sample]:
    statuses = (400, 401, 403, 404, 405, 413, 418, 421, 429, 500, 502, 503)
    errors = [ErrorPage(status, "0192f3a7c1") for status in statuses]
    reasons = [ErrorPage(404, "0192f3a7c1", reason) for reason in ErrorReason]
    return {
        "landing": ("landing.html", None),
        **{
            f"error-{page.reason or page.status}": ("error.html", page) for page in errors + reasons
        },
    }


def _mails() -> dict[str, Sample]:
    link = f"http://localhost:8080/t/northwind/invitation?token={_LONG}"
    text = f"Mira invites you.\n\n{link}\n"
    mail = KeptMail("An invitation", "ada@northwind.example", _NOW, text, [link])
    return {
        "mails": ("mails.html", MailsPage([mail, mail])),
        "mails-none": ("mails.html", MailsPage([])),
    }


def _sign_up() -> dict[str, Sample]:
    asked = SignUpPage(
        state="open",
        action="/t/ops/sign-up",
        address_before="https://login.example.com/t/",
    )
    confirm = SignUpConfirmPage(
        action="/t/ops/sign-up/confirm",
        token=_LONG,
        email="ada@northwind.example",
        name="Northwind Robotics",
        slug="northwind",
        asks=False,
        address_before="https://login.example.com/t/",
        address_after="",
        minimum_length=15,
    )
    faults = {"slug": "This address is taken.", "password": "A password needs more."}
    done = FoundedPage(
        name="Northwind Robotics",
        issuer="https://login.example.com/t/northwind",
        owner="ada@northwind.example",
        sign_in_url="https://login.example.com/t/northwind/login",
        is_new=True,
    )
    return {
        "sign-up": ("sign_up.html", asked),
        "sign-up-fault": (
            "sign_up.html",
            replace(asked, faults={"email": "This is no address.", "slug": "Taken."}),
        ),
        "sign-up-sent": ("sign_up.html", SignUpPage(state="sent")),
        "sign-up-gone": ("sign_up.html", SignUpPage(state="gone")),
        "sign-up-invitation": ("sign_up.html", SignUpPage(state="invitation")),
        "sign-up-confirm": ("sign_up_confirm.html", confirm),
        "sign-up-confirm-asks": (
            "sign_up_confirm.html",
            replace(confirm, asks=True, slug="", faults=faults),
        ),
        "sign-up-confirm-taken": ("sign_up_confirm.html", replace(confirm, faults=faults)),
        "sign-up-done": ("sign_up_done.html", done),
        "sign-up-done-before": ("sign_up_done.html", replace(done, is_new=False)),
    }


def _invitations() -> dict[str, Sample]:
    def invited(state: InvitationState, **changes: object) -> Sample:
        filled: dict[str, object] = {
            "action": "/t/northwind/invitation",
            "sign_in_url": "/t/northwind/login",
            "sign_out_action": "/t/northwind/logout",
            "token": _LONG,
            "email": "ada@northwind.example",
            "invited_by": "mira",
            "signed_in_as": "ada",
            "minimum_length": 15,
        }
        page = InvitationPage(state=state, **(filled | changes))  # type: ignore[arg-type]
        return ("invitation.html", page)

    return {
        **{f"invitation-{state}": invited(state) for state in InvitationState},
        "invitation-fault": invited(InvitationState.NEW, faults={"password": "Too short."}),
    }


def _own() -> dict[str, Sample]:
    def forgotten(state: ForgottenState, **changes: object) -> Sample:
        filled: dict[str, object] = {
            "action": "/t/northwind/forgot-password",
            "sign_in_url": "/t/northwind/login",
            "ask_url": "/t/northwind/forgot-password",
            "username": "mira",
            "token": _LONG,
            "minimum_length": 15,
        }
        page = ForgottenPasswordPage(state=state, **(filled | changes))  # type: ignore[arg-type]
        return ("forgot_password.html", page)

    def password(**changes: object) -> Sample:
        filled: dict[str, object] = _FRAME | {
            "password_action": "/t/northwind/account/password",
            "sessions_url": "/t/northwind/account/sessions",
            "minimum_length": 15,
            "others": 2,
        }
        return ("account/password.html", PasswordPage(**(filled | changes)))  # type: ignore[arg-type]

    def profile(**changes: object) -> Sample:
        filled: dict[str, object] = _FRAME | {
            "username": "mira",
            "name": "Mira Halvorsen",
            "email": "mira.halvorsen@northwind.example",
            "email_verified": False,
            "action": "/t/northwind/account/profile",
            "address_action": "/t/northwind/account/profile/address",
            "verify_action": "/t/northwind/account/profile/verify",
        }
        return ("account/profile.html", ProfilePage(**(filled | changes)))  # type: ignore[arg-type]

    def data(**changes: object) -> Sample:
        filled: dict[str, object] = _FRAME | {
            "file_action": "/t/northwind/account/data/file",
            "leave_action": "/t/northwind/account/data/leave",
            "stay_action": "/t/northwind/account/data/stay",
            "days": 14,
        }
        return ("account/data.html", DataPage(**(filled | changes)))  # type: ignore[arg-type]

    def join(state: JoinState, **changes: object) -> Sample:
        filled: dict[str, object] = {
            "action": "/t/northwind/join",
            "sign_in_url": "/t/northwind/login",
            "ask_url": "/t/northwind/join",
            "token": _LONG,
            "email": "ada@northwind.example",
            "minimum_length": 15,
        }
        return ("join.html", JoinPage(state=state, **(filled | changes)))  # type: ignore[arg-type]

    def address(state: AddressState) -> Sample:
        page = AddressPage(
            state=state,
            action="/t/northwind/account/address",
            token=_LONG,
            email="mira@northwind.example",
            signed_in_as="mira",
            sign_out_action="/t/northwind/logout",
            forgot_url="/t/northwind/forgot-password",
        )
        return ("address.html", page)

    faults = {"current": "This is not your password.", "password": "Too short."}
    return {
        **{f"forgotten-{state}": forgotten(state) for state in ForgottenState},
        "forgotten-fault": forgotten(ForgottenState.CHOOSE, faults={"password": "Too short."}),
        "password": password(done=PasswordDone.CHANGED),
        "password-fault": password(faults=faults, ends_others=True),
        "password-without": password(password_action=""),
        **{f"profile-{done}": profile(done=done) for done in ProfileDone},
        "profile-fault": profile(faults={"name": "Too odd.", "email": "This is no address."}),
        "profile-provisioned": profile(action="", address_action="", email="", verify_action=""),
        "data": data(done=DataDone.STAYS),
        "data-leaving": data(due_at=_NOW + timedelta(days=14), done=DataDone.LEAVING),
        "data-refused": data(fault="Nobody else is in charge here."),
        **{f"join-{state}": join(state) for state in JoinState},
        "join-fault": join(JoinState.ASK, faults={"email": "Nobody of that domain."}),
        **{f"address-{state}": address(state) for state in AddressState},
    }


@pytest.fixture(scope="session")
def samples() -> Mapping[str, Sample]:
    """Every template in every state it has, by name."""
    return {
        **_in_tenant(),
        **_mails(),
        **_sign_up(),
        **_invitations(),
        **security_samples(),
        **_own(),
        **console_samples(),
        **audit_samples(),
        **alert_samples(),
        **operator_samples(),
        **_outside_of_tenants(),
    }


@pytest.fixture(scope="session")
def distinct(samples: Mapping[str, Sample]) -> list[str]:
    """The samples that differ in more than their words: what a browser has to look at.

    All but the one that is gone before anybody sees it, unless it has no script.
    """
    alike = {name for name in samples if name.startswith("error-")}
    alike -= {"error-404", "error-in-tenant"}
    alike |= CONSOLE_ALIKE | AUDIT_ALIKE | OPERATOR_ALIKE | {"login-again", "mails-none"}
    alike |= SECURITY_ALIKE | {"invitation-gone", "invitation-known", "invitation-join"}
    alike |= {
        "join-sent",
        "join-gone",
        "join-begin",
        "data-refused",
        "profile-sent",
        "profile-address",
        "address-undo",
        "address-gone",
    }
    alike |= {"forgotten-gone", "forgotten-done", "forgotten-sent", "password-without"}
    alike |= {"sign-up-sent", "sign-up-gone", "sign-up-invitation", "sign-up-done-before"}
    return [name for name in samples if name not in {*alike, "form-post", "form-post-again"}]


@pytest.fixture(scope="session")
def static() -> StaticFiles:
    return StaticFiles()


@pytest.fixture(scope="session")
def pages(static: StaticFiles) -> Pages:
    return Pages(static=static, base_url="http://localhost:8080")


@pytest.fixture(scope="session")
def northwind() -> Tenant:
    """A tenant with a brand of its own."""
    return Tenant(
        id=UUID("01930000-0000-7000-8000-000000000001"),
        slug="northwind",
        name="Northwind Robotics",
        status=TenantStatus.ACTIVE,
        issuer="https://login.northwind.example",
        prefix="",
        settings=TenantSettings(brand_color="#0b7a5b"),
    )


@pytest.fixture(scope="session")
def show(pages: Pages, samples: Mapping[str, Sample], northwind: Tenant) -> Callable[[str], str]:
    """Render a sample as its tenant, or the installation, would: ``show("login")``; in another
    language: ``show("login:zh-Hant")``."""
    outside = _outside_of_tenants()

    def show(name: str) -> str:
        name, _, tag = name.partition(":")
        readers.has_come(Reader(chosen=tag, here="/somewhere"))
        template, page = samples[name]
        visit = Visit(csrf_token="csrf-of-this-visit", language_token="csrf-of-this-visit")
        if name == _ACTED_FOR:
            visit = replace(
                visit,
                impersonator="mira",
                impersonated=_LONG,
                impersonated_until=_NOW,
                stop_action="/t/northwind/logout",
            )
        with nullcontext() if name in outside else use_tenant(northwind):
            return pages.render(template, visit=visit, page=page)

    return show


@pytest.fixture(scope="session")
def gallery_url(
    show: Callable[[str], str], samples: Mapping[str, Sample], static: StaticFiles
) -> Iterator[str]:
    """Where the samples are served, with the headers that the server sends: ``…/<sample>``."""

    class Gallery(Site):
        protocol_version = "HTTP/1.1"

        def answer(self, sent: bytes) -> None:
            reply = static.reply(self.path)
            if reply is not None:
                self._answer(reply, Answer.DATA)
                return
            name = self.path.removeprefix("/")
            if name.partition(":")[0] not in samples:
                self._answer(Reply(404), Answer.DATA)
                return
            html = (b"content-type", b"text/html; charset=utf-8")
            self._answer(Reply(200, show(name).encode(), (html,)), Answer.PAGE)

        def _answer(self, reply: Reply, answer: Answer) -> None:
            self.send_response(reply.status)
            for name, value in (*reply.headers, *security_headers(answer, https=False)):
                self.send_header(name.decode(), value.decode())
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # a browser that has left
                self.wfile.write(reply.body)

    with serving(Gallery) as origin:
        yield origin
