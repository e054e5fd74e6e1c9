"""The console's pages as an administrator may meet them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from authgate import permissions
from authgate.admin.console import overview as overview_pages
from authgate.admin.console import setting_fields
from authgate.permissions import Area, UserRole
from authgate.plugin_api import (
    ConsoleFacts,
    ConsoleFigures,
    ConsoleForm,
    ConsoleLink,
    ConsoleNotice,
    ConsoleTable,
    ConsoleText,
)
from authgate.provisioning import overviews
from authgate.provisioning.overviews import Span
from authgate.storage.metering.roll_up import Usage
from authgate.storage.metering.usage_days import Count
from authgate.storage.tenants.attention import Stock
from authgate.vocabulary import ClientStatus, InvitationStatus, TokenStatus
from authgate.web import usage_chart
from authgate.web.audit_export_view_models import AuditExportLine, AuditExportsPage
from authgate.web.audit_view_models import AuditFaultLine, AuditVerificationPage
from authgate.web.authorization_view_models import AuthorizationLine, AuthorizationsPage
from authgate.web.client_form_view_models import ClientFields, ClientFormPage, OfferedSettings
from authgate.web.client_view_models import ClientPage, SecretLine
from authgate.web.connection_view_models import (
    ConnectionFields,
    ConnectionFormPage,
    ConnectionLine,
    ConnectionPage,
    ConnectionsPage,
    ConnectorLine,
    ConnectorsPage,
    EndingLine,
    SettingField,
    TestedStep,
)
from authgate.web.console_view_models import (
    ClientKind,
    ClientKindsPage,
    ClientLine,
    ClientsPage,
    ConsoleFrame,
    CredentialsPage,
    DeleteClientPage,
    Done,
    Endpoint,
    FilterLink,
    KindLink,
    PluginPageLink,
    RotatePage,
    RotationFields,
    Snippet,
    SortLink,
)
from authgate.web.domain_view_models import (
    DomainFields,
    DomainLine,
    DomainsPage,
    IssuerLine,
    LookedAt,
)
from authgate.web.export_view_models import ExportLine, ExportsPage
from authgate.web.find_view_models import FindPage, FoundLine
from authgate.web.first_steps_view_models import FirstStepsPage, Step, StepLine
from authgate.web.group_view_models import (
    GroupFields,
    GroupFormPage,
    GroupLine,
    GroupPage,
    GroupsPage,
    MemberLine,
)
from authgate.web.identity_view_models import TrialPage
from authgate.web.invitation_view_models import InvitationLine, InvitationsPage
from authgate.web.job_view_models import JobsPage, TenantJobLine
from authgate.web.limits_view_models import BlockFields, BlockLine, LimitsPage, QuotaLine
from authgate.web.mail_server_view_models import MailServerFields, MailServerPage, TriedStep
from authgate.web.overview_view_models import Attention, MatterLine, OverviewPage, StockLine
from authgate.web.own_app_view_models import (
    AccountFrame,
    OwnAppFormPage,
    OwnAppLine,
    OwnAppPage,
    OwnAppsPage,
)
from authgate.web.plugin_page_view_models import PageFault, PagePart, PluginConsolePage
from authgate.web.plugin_view_models import (
    FailureLine,
    FeedLine,
    PluginLine,
    PluginPage,
    PluginSettingField,
    PluginsPage,
    PluginState,
)
from authgate.web.provisioning_view_models import ProvisioningPage, ScimTokenFields, ScimTokenLine
from authgate.web.resource_server_view_models import ResourceServerFields, ResourceServersPage
from authgate.web.scope_view_models import (
    DescribedScope,
    ScopeFields,
    ScopeFormPage,
    ScopesPage,
    TranslationFields,
)
from authgate.web.selection_view_models import SelectedClient, SelectionPage
from authgate.web.setting_view_models import (
    BrandingPage,
    DifferenceLine,
    GroupLink,
    HistoryPage,
    SettingsPage,
    Swatch,
    VersionPage,
    VersionRow,
)
from authgate.web.signing_key_view_models import SigningKeyLine, SigningKeysPage
from authgate.web.team_view_models import AreaLine, RolePage, TeamMember, TeamPage
from authgate.web.token_view_models import TokenLine, TokensPage
from authgate.web.usage_view_models import Figure, StatementLine, UsageChart, UsagePage
from authgate.web.webhook_view_models import (
    DeliveryLine,
    DeliveryPage,
    WebhookFields,
    WebhookFormPage,
    WebhookLine,
    WebhookPage,
    WebhookSecretLine,
    WebhooksPage,
)
from authgate_tenants import TenantSettings
from authgate_tenants.setting_groups import GROUPS, SettingGroup
from authgate_testing.audit_samples import audit_lines
from authgate_testing.people_samples import PEOPLE_ALIKE, people_samples

_NOW = datetime.now(UTC)
_LONG = "a-name-without-a-single-space-in-it-" * 2
_HERE = "/t/northwind/admin/clients"

Sample = tuple[str, object]

CONSOLE_ALIKE = (
    PEOPLE_ALIKE
    | {"my-apps-full", "my-app-new", "my-app-disabled"}
    | frozenset(
        f"console-{name}"
        for name in (
            "overview-empty",
            "overview-manager",
            "first-steps-arrived",
            "clients-not-found",
            "selection-none",
            "new-native",
            "new-machine",
            "new-browser",
            "credentials-public",
            "credentials-rotated",
            "client-disabled",
            "client-new",
            "people-none",
            "tokens-none",
            "tokens-empty",
            "scopes-empty",
            "scope-faults",
            "client-beyond-role",
            "client-auditor",
            "tokens-auditor",
            "settings-auditor",
            "scope-auditor",
            "signing-keys-auditor",
            "exports-none",
            "audit-exports-none",
            "audit-verification-none",
            "jobs-none",
            "webhooks-none",
            "webhook-new",
            "webhook-delivery-gone",
            "team-unknown",
            "role-refused",
            "role-own",
        )
    )
)
"""Samples that differ from others in their words only."""


def _frame(**changes: object) -> ConsoleFrame:
    filled: dict[str, object] = {
        "signed_in_as": "mira.halvorsen@northwind.example",
        "role": UserRole.OWNER,
        "permissions": permissions.of(UserRole.OWNER),
        "pages": frozenset(
            (
                "",
                "/clients",
                "/tokens",
                "/scopes",
                "/resource-servers",
                "/domains",
                "/signing-keys",
                "/settings",
                "/branding",
                "/users",
                "/team",
                "/audit/exports",
                "/audit/verification",
                "/exports",
                "/jobs",
                "/audit",
                "/webhooks",
            )
        ),
        "console_url": "/t/northwind/admin",
        "account_url": "/t/northwind/account",
        "sign_out_action": "/t/northwind/logout",
        "api_url": "/t/northwind/api/v1/docs",
        "waiting": 1,
    }
    return ConsoleFrame(**(filled | changes))  # type: ignore[arg-type]


def _line(number: int, name: str, kind: ClientKind, status: ClientStatus) -> ClientLine:
    grants = ["authorization_code", "refresh_token"][: 1 + number % 2]
    created = _NOW - timedelta(days=number)
    url = f"{_HERE}/{number}"
    public = kind is not ClientKind.MACHINE
    client_id = f"client-{number}"
    new = number == 1
    return ClientLine(
        url, name, client_id, kind, public, grants, status, created, client_id, unseen=new,
        last_used=created.date() if public else None,
    )  # fmt: skip


_LINES = (
    _line(1, "Billing sync", ClientKind.MACHINE, ClientStatus.ACTIVE),
    _line(2, "Partner portal", ClientKind.WEB, ClientStatus.PENDING),
    _line(3, "Fleet Console", ClientKind.BROWSER, ClientStatus.INACTIVE),
    _line(4, "Hall display", ClientKind.DEVICE, ClientStatus.REJECTED),
    _line(5, _LONG, ClientKind.NATIVE, ClientStatus.ACTIVE),
)
_ENDPOINTS = (
    Endpoint("issuer", "https://login.northwind.example"),
    Endpoint("token_endpoint", "https://login.northwind.example/oauth/token"),
)
_SNIPPETS = tuple(
    Snippet(
        language, file, f"# {language}\n" + "a line that is longer than a telephone is wide " * 3
    )
    for language, file in (("curl", "shell"), ("Python", "app.py"), ("JavaScript", "app.mjs"))
)


def _overview(**changes: object) -> Sample:
    here = "/t/northwind/admin"
    figures = [
        Figure("active_users", 412, 380),
        Figure("sign_ins", 2710, 2710),
        Figure("failures", 131, 12),
        Figure("tokens", 1_260_000, 1_400_000),
        Figure("new_users", 7, 0),
        Figure("new_clients", 0, 0),
    ]
    matters = [MatterLine(f"{here}/jobs", each, 3, more=False) for each in overview_pages.PAGES]
    filled: dict[str, object] = {
        "frame": _frame(),
        "host": "login.northwind.example",
        "spans": [FilterLink(each, here, current=each == "30d") for each in Span],
        "figures": figures,
        "charts": {"sign_ins": _sign_ins(), "tokens": _chart()},
        "counted_until": _NOW,
        "is_behind": True,
        "clients": {ClientStatus.ACTIVE: 22, ClientStatus.PENDING: 1},
        "stocks": [
            StockLine("users", 1000, more=True),
            StockLine("sessions", 310, more=False),
            StockLine("tokens", 1000, more=True),
        ],
        "attention": (
            Attention(f"{_HERE}/1", "Partner portal"),
            Attention(f"{_HERE}/2", "Billing sync", _NOW + timedelta(days=6)),
        ),
        "matters": matters,
        "newest": _LINES,
        "events": audit_lines(),
        "events_url": f"{here}/audit?severity=WARNING",
        "again_url": here,
    }
    return ("console/overview.html", OverviewPage(**(filled | changes)))  # type: ignore[arg-type]


def _sign_ins() -> UsageChart:
    first = _NOW.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    hours = [first + timedelta(hours=each) for each in range(24)]
    series = {
        "succeeded": {each: 40 * (each.hour % 5) for each in hours},
        "failed": {each: each.hour % 3 for each in hours},
    }
    return usage_chart.over(hours, series, _NOW, colours=(1, 3))


def _nothing_yet() -> dict[str, object]:
    """What a tenant shows that has just begun."""
    return {
        "spans": [FilterLink(each, "/", current=each == "24h") for each in Span],
        "figures": [Figure(each, 0, 0) for each in overviews.TOLD],
        "charts": {},
        "is_behind": False,
        "clients": {},
        "stocks": [StockLine(each, 0, more=False) for each in Stock],
        "attention": (),
        "matters": (),
        "newest": (),
        "events": (),
    }


def _clients(**changes: object) -> Sample:
    statuses = ("", "active", "pending", "inactive", "rejected", "unseen")
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": _HERE,
        "new_url": f"{_HERE}/new",
        "clear_url": _HERE,
        "selection_action": f"{_HERE}/selected",
        "list": "status=active",
        "clients": _LINES,
        "total": 24,
        "search": "",
        "kept": {"status": "active"},
        "statuses": tuple(FilterLink(each, _HERE, current=each == "") for each in statuses),
        "types": tuple(
            FilterLink(each, _HERE, current=each == "") for each in ("", "confidential", "public")
        ),
        "sizes": tuple(FilterLink(each, _HERE, current=each == "25") for each in ("25", "50")),
        "by_name": SortLink(_HERE, "descending"),
        "by_age": SortLink(_HERE),
        "next_url": f"{_HERE}?cursor=n",
        "previous_url": f"{_HERE}?cursor=p",
    }
    return ("console/clients.html", ClientsPage(**(filled | changes)))  # type: ignore[arg-type]


def _form(template: str, kind: ClientKind, **changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": f"{_HERE}/new/{kind}",
        "cancel_url": _HERE,
        "kind": kind,
        "public": kind not in (ClientKind.WEB, ClientKind.MACHINE),
        "fields": ClientFields(name="Partner portal", scopes="openid", refresh_token=True),
        "known_scopes": ("openid", "profile"),
        "offered": OfferedSettings(
            resources=("https://files.northwind.example",),
            algorithms=("ES256", "RS256"),
            answers="ES256",
            id_tokens=("ES256", "RS256"),
            certificates=True,
            extra_claims=True,
        ),
        "title": "Partner portal",
    }
    return (f"console/{template}", ClientFormPage(**(filled | changes)))  # type: ignore[arg-type]


def _credentials(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "name": "Partner portal",
        "client_id": "cl_0JwLb6KfZs",
        "public": False,
        "secret": "shown-once-" * 4,
        "environment": "CLIENT_SECRET=shown-once\n",
        "rotated": False,
        "former_until": None,
        "client_url": f"{_HERE}/1",
        "endpoints": _ENDPOINTS,
        "snippets": _SNIPPETS,
    }
    page = CredentialsPage(**(filled | changes))  # type: ignore[arg-type]
    return ("console/client_credentials.html", page)


def _chart() -> UsageChart:
    first = _NOW.date() - timedelta(days=29)
    grants = (
        "client_credentials",
        "authorization_code",
        "refresh_token",
        "device_code",
        "jwt-bearer",
    )
    counts = [
        Count("", first + timedelta(days=day), grant, 37 * (day % 7) * (5 - place))
        for day in range(30)
        for place, grant in enumerate(grants)
    ]
    return usage_chart.drawn(Usage(_NOW, counts), first)


def _usage(**changes: object) -> Sample:
    here = "/t/northwind/admin/usage"
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": here,
        "since": _NOW.date() - timedelta(days=29),
        "to": _NOW.date(),
        "figures": [
            Figure("tokens", 1_234_567, 1_100_000),
            Figure("sign_ins", 80, 160),
            Figure("active_users", 7, 7),
            Figure("api_calls", 3, 0),
        ],
        "charts": {"tokens": _chart(), "sign_ins": _chart()},
        "csv_url": f"{here}/days.csv",
        "json_url": f"{here}/days.json",
        "statements": [StatementLine(_NOW.date(), _NOW, f"{here}/statement?month=2026-03")],
    }
    return ("console/usage.html", UsagePage(**(filled | changes)))  # type: ignore[arg-type]


def _client(**changes: object) -> Sample:
    here = f"{_HERE}/1"
    filled: dict[str, object] = {
        "frame": _frame(done=Done.CHANGED),
        "name": "Partner portal",
        "description": "Where partners see their orders.",
        "client_id": "cl_0JwLb6KfZs",
        "kind": ClientKind.WEB,
        "public": False,
        "status": ClientStatus.ACTIVE,
        "first_party": True,
        "owner": "",
        "created_at": _NOW - timedelta(days=90),
        "updated_at": _NOW,
        "version": _NOW.isoformat(),
        "unseen": False,
        "grants": ("authorization_code", "refresh_token"),
        "scopes": ("openid", "profile"),
        "redirect_uris": ("https://partners.northwind.example/callback", "http://localhost/cb"),
        "allowed_origins": (),
        "consent": "remembered",
        "flags": ("introspects", "pkce_optional", "unauthenticated_device_grant"),
        "secrets": (
            SecretLine(former=False, ends_at=_NOW + timedelta(days=60)),
            SecretLine(former=True, ends_at=_NOW - timedelta(hours=1), ended=True),
        ),
        "methods": ("client_secret_basic", "private_key_jwt"),
        "settings": {"token_profile": ("short",), "post_logout_redirect_uris": (_LONG, "b")},
        "people": 12,
        "newest_people": (AuthorizationLine("/", _LONG, ("openid",), _NOW, _NOW),),
        "newest_tokens": (_token_line(1, TokenStatus.ACTIVE), _token_line(2, TokenStatus.REVOKED)),
        "chart": _chart(),
        "people_url": f"{_HERE}/1/people",
        "tokens_url": "/t/northwind/admin/tokens?client=cl",
        "endpoints": _ENDPOINTS,
        "snippets": _SNIPPETS,
        "beyond_role": (),
        "edit_url": f"{here}/edit",
        "rotate_url": f"{here}/secret",
        "delete_url": f"{here}/delete",
        "review_action": f"{here}/review",
        "status_action": f"{here}/status",
        "revoke_action": f"{here}/revoke",
        "end_former_action": f"{here}/end-former-secret",
    }
    return ("console/client.html", ClientPage(**(filled | changes)))  # type: ignore[arg-type]


def _long_client() -> Sample:
    return _client(
        name=_LONG,
        description=_LONG,
        client_id=_LONG[:64],
        owner=_LONG,
        kind=ClientKind.BROWSER,
        status=ClientStatus.PENDING,
        scopes=(_LONG, "read"),
        redirect_uris=(f"https://{_LONG}.example/",),
        allowed_origins=(f"https://{_LONG}.example",),
        secrets=(),
        flags=(),
    )


def _token_line(number: int, status: TokenStatus, **more: object) -> TokenLine:
    said: dict[str, object] = {
        "action": f"/t/northwind/admin/tokens/{number}",
        "field": f"token-{number}",
        "client_name": "Fleet Console",
        "client_url": _HERE,
        "user": "mira.halvorsen@northwind.example",
        "scope": "openid profile",
        "grant": "authorization_code",
        "created_at": _NOW - timedelta(minutes=number),
        "expires_at": _NOW + timedelta(hours=1),
        "status": status,
        "ended": False,
    }
    return TokenLine(**(said | more))  # type: ignore[arg-type]


def _tokens(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(done=Done.NOTHING),
        "action": "/t/northwind/admin/tokens",
        "clear_url": "/t/northwind/admin/tokens",
        "tokens": (
            _token_line(1, TokenStatus.ACTIVE),
            _token_line(2, TokenStatus.DISABLED, user="", client_name=_LONG, client_url=None),
            _token_line(3, TokenStatus.REVOKED, scope=""),
            _token_line(
                4,
                TokenStatus.ACTIVE,
                ended=True,
                expires_at=_NOW - timedelta(minutes=3),
                scope=f"{_LONG} read",
            ),
        ),
        "client": "",
        "user": "",
        "unknown_user": False,
        "kept": {"status": "active"},
        "statuses": tuple(
            FilterLink(each, "/t/northwind/admin/tokens", current=each == "active")
            for each in ("", "working", "active", "disabled", "revoked")
        ),
        "kinds": tuple(
            FilterLink(each, "/t/northwind/admin/tokens", current=not each)
            for each in ("", "user", "client")
        ),
        "sizes": (FilterLink("25", "/t/northwind/admin/tokens", current=True),),
        "selection_action": "/t/northwind/admin/tokens/selected",
        "list": "status=active",
        "chart": _chart(),
        "next_url": "/t/northwind/admin/tokens?cursor=n",
    }
    return ("console/tokens.html", TokensPage(**(filled | changes)))  # type: ignore[arg-type]


def _selection(act: str, **changes: object) -> Sample:
    uris = ("https://partners.northwind.example/callback", f"https://{_LONG}.example/")
    told = [
        SelectedClient(line.field, "1", line, uris, ("openid", _LONG), "It was rejected.")
        for line in _LINES
    ]
    filled: dict[str, object] = {
        "frame": _frame(),
        "act": act,
        "action": f"{_HERE}/selected",
        "cancel_url": _HERE,
        "list": "",
        "clients": told[:2],
        "unfit": told[2:],
    }
    return ("console/selection.html", SelectionPage(**(filled | changes)))  # type: ignore[arg-type]


def _people(**changes: object) -> Sample:
    there = f"{_HERE}/1/people"
    lines = tuple(
        AuthorizationLine(f"{there}/{number}", user, scopes, _NOW - timedelta(days=9), _NOW)
        for number, (user, scopes) in enumerate((("mira", ("openid", _LONG)), (_LONG, ())))
    )
    filled: dict[str, object] = {
        "frame": _frame(done=Done.TAKEN_BACK),
        "name": "Partner portal",
        "client_url": f"{_HERE}/1",
        "authorizations": lines,
        "next_url": f"{there}?cursor=n",
    }
    return ("console/client_people.html", AuthorizationsPage(**(filled | changes)))  # type: ignore[arg-type]


def _scopes(**changes: object) -> Sample:
    there = "/t/northwind/admin/scopes"
    filled: dict[str, object] = {
        "frame": _frame(done=Done.SCOPE_SAVED),
        "new_url": f"{there}/new",
        "scopes": (
            DescribedScope(f"{there}/1", "orders", "Change your orders", ("de",), True, True),
            DescribedScope(f"{there}/2", _LONG, _LONG, (), False, False),
        ),
    }
    return ("console/scopes.html", ScopesPage(**(filled | changes)))  # type: ignore[arg-type]


def _scope(**changes: object) -> Sample:
    rows = (TranslationFields("de", "Bestellungen", "Auch die alten"), TranslationFields())
    filled: dict[str, object] = {
        "frame": _frame(done=Done.SCOPE_IN_USE),
        "action": "/t/northwind/admin/scopes/1",
        "cancel_url": "/t/northwind/admin/scopes",
        "fields": ScopeFields("orders", "Change your orders", "All", True, True, rows),
        "delete_action": None if changes else "/t/northwind/admin/scopes/1/delete",
    }
    return ("console/scope_form.html", ScopeFormPage(**(filled | changes)))  # type: ignore[arg-type]


def _resource_servers() -> Mapping[str, Sample]:
    def page(*uris: str, **more: object) -> Sample:
        here = "/t/northwind/admin/resource-servers"
        shown = ResourceServersPage(_frame(), here, f"{here}/remove", uris, **more)  # type: ignore[arg-type]
        return ("console/resource_servers.html", shown)

    typed = ResourceServerFields(_LONG)
    return {
        "console-resource-servers": page("https://files.northwind.example", f"https://{_LONG}"),
        "console-resource-servers-none": page(fields=typed, faults={"uri": _LONG}),
    }


def _domains(**changes: object) -> Sample:
    def line(host: str, state: str, **more: object) -> DomainLine:
        filled: dict[str, object] = {
            "record": f"_authgate-challenge.{host}",
            "value": "authgate-domain=mJ0bnJ2nVvnCKcBEZ6qY5w3rS1xT7uLd",
            "address": f"https://{host}/.well-known/authgate-challenge",
            "stated": False,
            "checked_at": None,
            "missing_since": None,
        }
        return DomainLine(host, state, **(filled | more))  # type: ignore[arg-type]

    steps = [
        LookedAt("dns", "1", "missing", "There is no such record."),
        LookedAt("dns", "2", "found", "The record is there."),
        LookedAt("http", f"https://{_LONG}", "unreachable", _LONG),
    ]
    here = "/t/northwind/admin/domains"
    filled: dict[str, object] = {
        "frame": _frame(),
        "add_action": here,
        "check_action": f"{here}/check",
        "remove_action": f"{here}/remove",
        "canonical_action": f"{here}/issuer",
        "end_action": f"{here}/end-overlap",
        "issuer": IssuerLine(
            "https://login.northwind.example", True, "https://id.example/t/northwind", "", _NOW
        ),
        "domains": [
            line("login.northwind.example", "canonical", checked_at=_NOW, missing_since=_NOW),
            line("id.northwind.example", "former", stated=True),
            line("sso.northwind.example", "proven", checked_at=_NOW),
            line(_LONG, "waiting", looked_at=steps),
        ],
        "overlap_days": 30,
        "longest_overlap_days": 365,
        "callbacks": ["/login/github/callback", f"/login/{_LONG}/callback"],
    }
    return ("console/domains.html", DomainsPage(**(filled | changes)))  # type: ignore[arg-type]


def _no_domains(**changes: object) -> Sample:
    issuer = IssuerLine("https://id.example/t/northwind", False, None, "", None)
    return _domains(domains=(), issuer=issuer, callbacks=(), **changes)


def _settings() -> Mapping[str, Sample]:
    here, names = "/t/northwind/admin/settings", list(SettingGroup)
    row = VersionRow(f"{here}/history/1", 3, _LONG, _NOW, _LONG, current=True)
    lines = (DifferenceLine("access_token_lifetime", "3600", "900"),)

    def settings(group: SettingGroup, frame: ConsoleFrame, **more: object) -> Sample:
        filled: dict[str, object] = {
            "frame": frame,
            "action": f"{here}/{group}",
            "groups": [
                GroupLink(each, f"{here}/{each}", each is group)
                for each in names
                if each not in (SettingGroup.BRANDING, SettingGroup.PLUGINS)
            ],
            "history_url": f"{here}/history",
            "group": group,
            "fields": setting_fields.fields(
                GROUPS[group], TenantSettings(), faults={GROUPS[group][0]: _LONG}
            ),
            "version": 3,
        }
        return ("console/settings.html", SettingsPage(**(filled | more)))  # type: ignore[arg-type]

    branding = BrandingPage(
        frame=_frame(),
        action="/t/northwind/admin/branding",
        preview_action="/t/northwind/admin/branding/preview",
        logo_action="/t/northwind/admin/branding/logo",
        history_url=f"{here}/history",
        fields=setting_fields.fields(GROUPS[SettingGroup.BRANDING], TenantSettings()),
        version=3,
        swatches=[Swatch("button-light", "#3f4fe0", "5.9", moved=False)],
        previews=[],
    )
    return {
        "console-settings": settings(SettingGroup.CLIENTS, _frame()),
        "console-settings-changed": settings(
            SettingGroup.LIFETIMES, _frame(), changed_meanwhile=True, comment=_LONG
        ),
        "console-settings-auditor": settings(SettingGroup.OPERATOR, _auditor(), locked=True),
        "console-branding": ("console/branding.html", branding),
        "console-settings-history": (
            "console/settings_history.html",
            HistoryPage(_frame(), here, [row, replace(row, current=False)], here, here),
        ),
        "console-settings-version": (
            "console/settings_version.html",
            VersionPage(_frame(), here, here, row, 4, lines, lines, _LONG),
        ),
    }


def _signing_keys(**changes: object) -> Sample:
    def line(state: str, signs: bool, **more: object) -> SigningKeyLine:
        times = {"rotates_at": None, "ended_at": None} | more
        since = _NOW - timedelta(days=40) if signs else None
        kid = f"{state}-" + "kUVvNQy7wH0ZsTt1dXo9"
        return SigningKeyLine(kid, "ES256", state, _NOW, since, **times)  # type: ignore[arg-type]

    here = "/t/northwind/admin/signing-keys"
    filled: dict[str, object] = {
        "frame": _frame(),
        "keys": (
            line("pending", False),
            line("active", True, rotates_at=_NOW + timedelta(days=50)),
            line("retiring", True, ended_at=_NOW + timedelta(days=9)),
            line("revoked", True, ended_at=_NOW - timedelta(days=3)),
        ),
        "algorithm": "ES256",
        "algorithms": ("ES256", "RS256", "EdDSA", "HS256"),
        "days": 90,
        "rotate_action": f"{here}/rotate",
        "revoke_action": f"{here}/revoke",
        "import_action": f"{here}/import",
        "algorithm_action": f"{here}/algorithm",
    }
    return ("console/signing_keys.html", SigningKeysPage(**(filled | changes)))  # type: ignore[arg-type]


def _limits() -> Mapping[str, Sample]:
    here = "/t/northwind/admin/limits"
    quotas = [QuotaLine("clients", 10, 10), QuotaLine("users", 1234, None)]

    def page(blocks: Sequence[BlockLine], **more: object) -> Sample:
        shown = LimitsPage(
            _frame(), "free", quotas, {"login_per_ip": "20/min burst 10"}, blocks, f"{here}/block",
            f"{here}/let-in", "192.0.2.7", **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return ("console/limits.html", shown)

    blocks = [
        BlockLine("2001:db8:aaaa::/48", _LONG, _LONG, _NOW),
        BlockLine("203.0.113.7", "", "mira", _NOW),
    ]
    typed = BlockFields(_LONG, _LONG)
    return {
        "console-limits": page(blocks),
        "console-limits-none": page([], fields=typed, faults={"network": _LONG}),
    }


def _provisioning() -> Mapping[str, Sample]:
    here = "/t/northwind/admin/provisioning"

    def page(tokens: Sequence[ScimTokenLine], **more: object) -> Sample:
        guest = bool(more.pop("guest", False))
        shown = ProvisioningPage(
            _frame(guest=guest), "https://auth.example.com/t/northwind/scim/v2", tokens,
            f"{here}/create", f"{here}/withdraw", **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return ("console/provisioning.html", shown)

    tokens = [
        ScimTokenLine("1", "Okta", True, "mira", _NOW, _NOW, _NOW),
        ScimTokenLine("2", _LONG, False, _LONG, _NOW, _NOW, None),
    ]
    typed = ScimTokenFields(_LONG, True, "x")
    return {
        "console-provisioning": page(tokens, made=f"agscim_{'x' * 43}"),
        "console-provisioning-guest": page(tokens, guest=True),
        "console-provisioning-none": page(
            [], fields=typed, faults={"description": _LONG, "days": _LONG}
        ),
    }


def _found() -> Mapping[str, Sample]:
    here = "/t/northwind/admin"
    lines = [FoundLine(_LONG, _LONG, f"{here}/clients/1"), FoundLine("mira", "m@n.example", "")]
    settings = {"require_pkce": f"{here}/settings/clients#require_pkce"}
    page = FindPage(_frame(), f"{here}/find", "pkce", lines, lines, lines, settings)
    nothing = replace(page, search=_LONG, clients=(), people=(), scopes=(), settings={})
    return {
        "console-find": ("console/find.html", page),
        "console-find-nothing": ("console/find.html", nothing),
    }


def _mail_servers() -> Mapping[str, Sample]:
    here = "/t/northwind/admin/mail-server"

    def page(host: str, *, guest: bool = False, **more: object) -> Sample:
        shown = MailServerPage(
            _frame(guest=guest), here, f"{here}/test", f"{here}/remove", host,
            has_password=bool(host), **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return ("console/mail_server.html", shown)

    steps = [
        TriedStep("resolve", "passed"),
        TriedStep("sign_in", "failed", "sign_in_refused", 535),
        TriedStep("hand_over", "not_reached"),
    ]
    typed = MailServerFields(_LONG, _LONG, "tls", _LONG, _LONG, _LONG)
    wrong = dict.fromkeys(("host", "password", "recipient"), _LONG)
    return {
        "console-mail-server": page("smtp.northwind.example", installation_sends=True, tried=steps),
        "console-mail-server-none": page("", installation_sends=False),
        "console-mail-server-wrong": page(
            _LONG, installation_sends=True, fields=typed, faults=wrong
        ),
        "console-mail-server-plugin": page(
            "acme-mail",
            installation_sends=True,
            plugins=["acme-mail", _LONG],
            fields=MailServerFields(plugin="acme-mail"),
            tried=[TriedStep("hand_over", "failed", "refused", said=_LONG)],
        ),
        "console-mail-server-guest": page(_LONG, installation_sends=True, guest=True),
    }


def _plugins() -> Mapping[str, Sample]:
    here, hooks = "/t/northwind/admin/plugins", ("login_policy", "token_claims")
    field = partial(PluginSettingField, hint=_LONG, required=True)
    typed = [
        field("set-text", _LONG, kind="text", text=_LONG),
        field("set-list", "Networks", kind="list", text=f"{_LONG}\n{_LONG}", fault=_LONG),
        field("set-number", "Days", kind="number", text="7"),
        field("set-switch", _LONG, kind="switch", ticked=True),
        field("set-secret", "API key", kind="secret", ticked=True, fault=_LONG),
    ]
    optional = field(
        "set-next", _LONG, kind="secret", ticked=True, may_be_forgotten=True, may_be_made=True
    )
    failure = FailureLine("login_policy", "too_slow", _LONG, 7, _NOW, _NOW)

    def page(state: PluginState, frame: ConsoleFrame, **more: object) -> Sample:
        shown = PluginPage(
            frame, "networks", here, f"{here}/networks", f"{here}/networks/pause",
            f"{here}/networks/reset", f"{here}/networks/test", hooks, state, **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return ("console/plugin.html", shown)

    refund = ConsoleForm(action="refund", title=_LONG, button="Refund", takes=object)
    parts = [
        PagePart("notice", ConsoleNotice(title=_LONG, text=_LONG, kind="good")),
        PagePart("figures", ConsoleFigures(figures=(("Members", 1200), (_LONG, "7 %")))),
        PagePart("text", ConsoleText(title=_LONG, text=f"{_LONG}\n\nSecond.")),
        PagePart("facts", ConsoleFacts(title="Contract", facts=(("Until", 27), (_LONG, _LONG)))),
        PagePart("table", ConsoleTable(
            title="Members", columns=("Name", _LONG),
            rows=(
                (ConsoleLink("Mira", "/admin/users"), 7),
                (_LONG, ConsoleLink(_LONG, "https://a.example")),
            ),
        )),
        PagePart("table", ConsoleTable(title="Nobody", columns=("Name",), rows=())),
        PagePart("form", refund, typed),
    ]  # fmt: skip
    link = PluginPageLink(f"{here}/acme", _LONG, "users")
    framed = replace(_frame(), plugin_pages=[link])
    shown = PluginConsolePage(
        framed, "acme", "Members", link.url, link.url, "/t/northwind", "settings", parts,
        settings_url=here, problem=_LONG,
    )  # fmt: skip
    failed = replace(shown, parts=[], fault=PageFault.SLOW, problem="")
    lines = [PluginLine(f"plugin-{each}", f"{here}/{each}", hooks, each) for each in PluginState]
    return {
        "console-plugins": ("console/plugins.html", PluginsPage(_frame(), lines)),
        "console-plugin-page": ("console/plugin_page.html", shown),
        "console-plugin-page-failed": ("console/plugin_page.html", failed),
        "console-plugins-none": ("console/plugins.html", PluginsPage(_frame(), [])),
        "console-plugin": page(
            PluginState.RESTS,
            _frame(),
            fields=[*typed, replace(optional, required=False)],
            is_set=True,
            made=[(_LONG, f"whsec_{_LONG}")],
            failure=failure,
            feed=FeedLine(_NOW, _NOW, waiting=1000, and_more=True),
            steps=[TestedStep("Settings", True, _LONG), TestedStep(_LONG, False, _LONG)],
        ),
        "console-plugin-waits": page(
            PluginState.WAITS,
            _frame(guest=True),
            fields=typed,
            is_set=False,
            feed=FeedLine(None, None),
        ),
        "console-plugin-auditor": page(PluginState.PAUSED, _auditor(), fields=(), is_set=False),
    }


def _exports(**changes: object) -> Sample:
    here = "/t/northwind/admin/exports"

    def line(state: str, **more: object) -> ExportLine:
        filled: dict[str, object] = {
            "file_url": "", "state": state, "signing_keys": False, "requested_by": _LONG,
            "rows": 41_207, "megabytes": "23.1", "sha256": "", "created_at": _NOW,
            "expires_at": _NOW + timedelta(days=1),
        }  # fmt: skip
        return ExportLine(**(filled | more))  # type: ignore[arg-type]

    filled: dict[str, object] = {
        "frame": _frame(),
        "exports": (
            line("writing"),
            line("ready", file_url=f"{here}/1/file", sha256="9f86d081" * 8, signing_keys=True),
            line("failed"),
        ),
        "action": here,
        "under_way": True,
    }
    return ("console/exports.html", ExportsPage(**(filled | changes)))  # type: ignore[arg-type]


def _audit_exports(**changes: object) -> Sample:
    here = "/t/northwind/admin/audit/exports"

    def line(state: str, **more: object) -> AuditExportLine:
        filled: dict[str, object] = {
            "link_action": "", "delete_action": f"{here}/{state}/delete", "state": state,
            "format": "CSV", "chosen": (), "requested_by": _LONG, "rows": 41_207, "total": 120_480,
            "percent": 34, "megabytes": "23.1", "sha256": "", "created_at": _NOW,
        }  # fmt: skip
        return AuditExportLine(**(filled | more))  # type: ignore[arg-type]

    filled: dict[str, object] = {
        "frame": _frame(),
        "exports": (
            line("waiting", total=None, percent=0, chosen=(f"actor: {_LONG}",)),
            line("writing"),
            line("ready", link_action=f"{here}/1/link", sha256="9f86d081" * 8, format="JSONL"),
            line("failed"),
        ),
        "action": here,
        "under_way": True,
        "types": [("LOGOUT", "LOGOUT")],
        "severities": [("CRITICAL", "CRITICAL")],
    }
    return ("console/audit_exports.html", AuditExportsPage(**(filled | changes)))  # type: ignore[arg-type]


def _audit_verification(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(), "action": "/t/northwind/admin/audit/verification",
        "requested_by": _LONG, "began_at": _NOW, "ended_at": _NOW, "percent": 100, "until": 120_480,
        "events": 120_479, "waiting": 3, "signed_by": "Nz6cdWXR2e4CN1oJv9LZ8XJ0V7lqWbG6y5mEy7JmTnA",
        "fault_count": 101,
        "faults": (
            AuditFaultLine("edited", "417", "/t/northwind/admin/audit/events/1", _LONG, _LONG),
            AuditFaultLine("seals missing", "500-999", "", "", ""),
        ),
    }  # fmt: skip
    page = AuditVerificationPage(**(filled | changes))  # type: ignore[arg-type]
    return ("console/audit_verification.html", page)


def _jobs(**changes: object) -> Sample:
    here = "/t/northwind/admin/jobs"

    def line(kind: str, state: str, **more: object) -> TenantJobLine:
        filled: dict[str, object] = {
            "kind": kind, "state": state, "done": None, "total": None, "requested_by": "",
            "attempts": None, "error": "", "reason": "", "created_at": _NOW,
            "retry_action": "", "cancel_action": "",
        }  # fmt: skip
        return TenantJobLine(**(filled | more))  # type: ignore[arg-type]

    filled: dict[str, object] = {
        "frame": _frame(),
        "jobs": (
            line("import-users", "running", done=4200, total=10_000, requested_by=_LONG,
                 cancel_action=f"{here}/1/cancel"),
            line("write-export", "done", done=41_207, requested_by="mira"),
            line("import-users", "cancelled", done=7, total=9),
            line("end-the-rest", "waiting"),
            line("send-mails", "failed", attempts=5, error="ConnectionRefusedError", reason=_LONG,
                 retry_action=f"{here}/2/retry", cancel_action=f"{here}/2/cancel"),
        ),
        "under_way": True,
        "here": here,
    }  # fmt: skip
    return ("console/jobs.html", JobsPage(**(filled | changes)))  # type: ignore[arg-type]


_HOOKS = "/t/northwind/admin/webhooks"
_HOOK_STATES = ("active", "failing", "paused", "disabled")


def _webhook_line(state: str) -> WebhookLine:
    chosen = () if state == "active" else ("user.created", "clients", _LONG)
    return WebhookLine(f"{_HOOKS}/1", _LONG, "hooks.northwind.example", state, chosen)


def _webhooks(**changes: object) -> Sample:
    filled: dict[str, object] = {"frame": _frame(), "new_url": f"{_HOOKS}/new"}
    return ("console/webhooks.html", WebhooksPage(**(filled | changes)))  # type: ignore[arg-type]


def _webhook_form(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(), "action": f"{_HOOKS}/new", "list_url": _HOOKS, "cancel_url": _HOOKS,
        "areas": ("people", "clients"), "lifecycles": ("user.created", "user.deleted"),
    }  # fmt: skip
    return ("console/webhook_form.html", WebhookFormPage(**(filled | changes)))  # type: ignore[arg-type]


def _sent(status: str, said: str = "", code: int | None = None) -> DeliveryLine:
    next_at = _NOW if status == "pending" else None
    here = f"{_HOOKS}/1/deliveries/2"
    return DeliveryLine(here, "USER_CREATED", status, 3, said, code, _NOW, next_at)


def _webhook(**changes: object) -> Sample:
    here = f"{_HOOKS}/1"
    filled: dict[str, object] = {
        "frame": _frame(), "list_url": _HOOKS, "edit_url": f"{here}/edit",
        "test_action": f"{here}/test", "resume_action": f"{here}/resume",
        "delete_action": f"{here}/delete", "secret_action": f"{here}/secrets",
        "replay_action": f"{here}/replay", "webhook": _webhook_line("paused"),
        "address": f"https://hooks.northwind.example/{_LONG}", "description": _LONG,
        "failing_since": _NOW, "pause_reason": _LONG,
        "secrets": (
            WebhookSecretLine(f"{here}/secrets/1", _NOW, _NOW), WebhookSecretLine("", _NOW, None),
        ),
        "deliveries": (
            _sent("pending", "It answered 503.", 503), _sent("failed", _LONG), _sent("delivered"),
        ),
        "filters": [
            FilterLink(each, here, current=not each)
            for each in ("", "pending", "delivered", "failed")
        ],
        "secret": "whsec_" + "A" * 44, "replayed": 3, "next_url": f"{here}?cursor=x",
    }  # fmt: skip
    return ("console/webhook.html", WebhookPage(**(filled | changes)))  # type: ignore[arg-type]


def _webhook_delivery(**changes: object) -> Sample:
    here = f"{_HOOKS}/1"
    filled: dict[str, object] = {
        "frame": _frame(), "list_url": _HOOKS, "webhook_url": here, "webhook": _LONG,
        "replay_action": f"{here}/deliveries/2/replay", "event_url": "/t/northwind/admin/audit",
        "delivery": _sent("failed", "It answered 503.", 503), "message_id": "msg_0199f3a1c2d4",
        "message": '{\n  "type": "USER_CREATED"\n}', "answer": _LONG,
        "tried_at": _NOW, "took_ms": 81,
    }  # fmt: skip
    return ("console/webhook_delivery.html", DeliveryPage(**(filled | changes)))  # type: ignore[arg-type]


def _own(template: str, build: type[AccountFrame], **fields: object) -> Sample:
    around = {
        "signed_in_as": "mira.halvorsen@northwind.example",
        "account_url": "/t/northwind/account",
        "sign_out_action": "/t/northwind/logout",
    }
    return (f"account/{template}", build(**{**around, **fields}))  # type: ignore[arg-type]


def _own_apps() -> Mapping[str, Sample]:
    here = "/t/northwind/account/my-apps"
    created = _NOW - timedelta(days=3)
    lines = [
        OwnAppLine(f"{here}/1", "Partner portal", ClientKind.WEB, ClientStatus.PENDING, created),
        OwnAppLine(f"{here}/2", _LONG, ClientKind.NATIVE, ClientStatus.ACTIVE, created),
    ]
    kinds = [KindLink(kind, f"{here}/new/{kind}") for kind in (ClientKind.WEB, ClientKind.DEVICE)]
    form: dict[str, object] = {
        "action": f"{here}/new/web",
        "cancel_url": here,
        "kind": ClientKind.WEB,
        "fields": ClientFields(name="Partner portal"),
        "known_scopes": ("openid", "profile"),
        "will_wait": True,
    }
    one: dict[str, object] = {
        "name": "Partner portal",
        "description": "",
        "client_id": "cl_0JwLb6KfZs",
        "kind": ClientKind.WEB,
        "public": False,
        "status": ClientStatus.PENDING,
        "secret": "shown-once-" * 4,
        "former_until": _NOW,
        "redirect_uris": ("https://partners.northwind.example/callback",),
        "scopes": ("openid", "profile"),
        "endpoints": _ENDPOINTS,
        "snippets": _SNIPPETS,
        "back_url": here,
        "edit_url": f"{here}/1/edit",
        "rotate_action": f"{here}/1/secret",
        "delete_action": f"{here}/1/delete",
    }
    public = {"public": True, "secret": None, "former_until": None, "name": _LONG}
    faults = {"name": _LONG, "redirect_uris": _LONG}
    done = Done.WAITING
    return {
        "my-apps": _own("my_apps.html", OwnAppsPage, apps=lines, kinds=kinds, limit=10),
        "my-apps-full": _own("my_apps.html", OwnAppsPage, apps=lines, kinds=(), limit=2),
        "my-app-new": _own("my_app_form.html", OwnAppFormPage, **form),
        "my-app-edit": _own("my_app_form.html", OwnAppFormPage, **form, title=_LONG, faults=faults),
        "my-app": _own("my_app.html", OwnAppPage, **one, done=done),
        "my-app-rejected": _own(
            "my_app.html", OwnAppPage, **{**one, **public, "status": ClientStatus.REJECTED}
        ),
        "my-app-disabled": _own(
            "my_app.html", OwnAppPage, **{**one, **public, "status": ClientStatus.INACTIVE}
        ),
    }


def _auditor() -> ConsoleFrame:
    role = UserRole.AUDITOR
    return _frame(role=role, permissions=permissions.of(role))


def _team(**changes: object) -> Sample:
    mira = TeamMember("", "mira.halvorsen", "Mira Halvorsen", "m@a.b", disabled=False, own=True)
    other = TeamMember(f"{_HERE}/2", _LONG, "", "", disabled=True, own=False)
    roles = [role for role in permissions.ROLES if role is not UserRole.USER]
    filled: dict[str, object] = {
        "frame": _frame(done=Done.ROLE_GIVEN),
        "members": dict.fromkeys(roles, ()) | {UserRole.OWNER: (mira, other)},
        "areas": [AreaLine(area, dict.fromkeys(roles, "read")) for area in Area],
        "find_action": "/t/northwind/admin/team/find",
    }
    return ("console/team.html", TeamPage(**(filled | changes)))  # type: ignore[arg-type]


def _role(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "username": _LONG,
        "name": "Mira Halvorsen",
        "email": "mira@northwind.example",
        "role": UserRole.AUDITOR,
        "disabled": False,
        "roles": permissions.ROLES,
        "action": "/t/northwind/admin/team/1",
        "cancel_url": "/t/northwind/admin/team",
        "block_action": "/t/northwind/admin/team/1/block",
    }
    return ("console/role.html", RolePage(**(filled | changes)))  # type: ignore[arg-type]


def _invitations(**changes: object) -> Sample:
    lines = [
        InvitationLine(
            email=f"ada-{status}-{ended}@northwind.example",
            role=UserRole.AUDITOR,
            status=status,
            invited_by="mira",
            created_at=_NOW,
            ends_at=_NOW + timedelta(days=7),
            ended=ended,
            action="/t/northwind/admin/invitations/1" if status == "pending" else "",
        )
        for status in InvitationStatus
        for ended in (False, True)
    ]
    filled: dict[str, object] = {
        "frame": _frame(),
        "lines": lines,
        "action": "/t/northwind/admin/invitations",
        "roles": list(permissions.ROLES),
    }
    return ("console/invitations.html", InvitationsPage(**(filled | changes)))  # type: ignore[arg-type]


_GROUP = GroupLine(_HERE, _LONG, _LONG, ("books:read", "x" * 100), 12345)


def _group(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(done=Done.MEMBER_ADDED),
        "list_url": _HERE,
        "edit_url": f"{_HERE}/edit",
        "add_action": f"{_HERE}/members",
        "group": _GROUP,
        "people": (
            MemberLine(f"{_HERE}/members/1", "mira", "Mira", "m@a.b", disabled=False),
            MemberLine(f"{_HERE}/members/2", _LONG, "", "", disabled=True),
        ),
        "next_url": f"{_HERE}?cursor=x",
    }
    return ("console/group.html", GroupPage(**(filled | changes)))  # type: ignore[arg-type]


def _group_form(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": f"{_HERE}/edit",
        "list_url": _HERE,
        "cancel_url": _HERE,
        "fields": GroupFields("Staff", "ext-1", "Everybody", "books:read"),
        "name": _LONG,
        "delete_action": f"{_HERE}/delete",
    }
    return ("console/group_form.html", GroupFormPage(**(filled | changes)))  # type: ignore[arg-type]


def _groups(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(done=Done.GROUP_DELETED),
        "action": _HERE,
        "new_url": f"{_HERE}/new",
        "groups": (_GROUP, GroupLine(_HERE, "Staff", "", (), 0)),
        "next_url": f"{_HERE}?cursor=x",
    }
    return ("console/groups.html", GroupsPage(**(filled | changes)))  # type: ignore[arg-type]


_SETTINGS = (
    SettingField("config-issuer", "Issuer", "To the letter.", "text", True, "https://a.example"),
    SettingField(
        "config-client_secret", "Client secret", "Of the client.", "secret", False, "", True
    ),
    SettingField("config-userinfo", "UserInfo", "Ask it as well.", "switch", False, "1"),
    SettingField("config-retries", "Tries", "How often.", "number", False, "3"),
    SettingField("config-hosts", "Hosts", "Beside its own.", "list", False, "a.example"),
)


def _connection_form(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(),
        "action": f"{_HERE}/edit",
        "list_url": _HERE,
        "cancel_url": _HERE,
        "name": _LONG,
        "connector": "oidc",
        "connector_label": "OpenID Connect",
        "redirect_uri": "https://login.northwind.example/login/acme/callback",
        "settings": _SETTINGS,
        "fields": ConnectionFields("acme", _LONG, "0", True, groups=f"staff = {_LONG}"),
    }
    return ("console/connection_form.html", ConnectionFormPage(**(filled | changes)))  # type: ignore[arg-type]


def _connection(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "frame": _frame(done=Done.CONNECTION_SAVED),
        "list_url": _HERE,
        "edit_url": f"{_HERE}/edit",
        "test_action": f"{_HERE}/test",
        "trial_url": f"{_HERE}/trial",
        "switch_action": f"{_HERE}/switch",
        "delete_action": f"{_HERE}/delete",
        "label": _LONG,
        "slug": "acme",
        "connector": "OpenID Connect",
        "enabled": True,
        "people": 1,
        "redirect_uri": "https://login.northwind.example/login/acme/callback",
        "facts": (("Issuer", "https://a.example"), ("Client ID", _LONG)),
        "steps": (
            TestedStep("Settings", True, "They can be."),
            TestedStep("Discovery document", False, _LONG),
        ),
        "endings": (
            EndingLine("Signing certificates", _NOW + timedelta(days=6), False, True),
            EndingLine("Metadata", _NOW, True, True),
        ),
        "fault": _LONG,
        "fault_since": _NOW,
    }
    return ("console/connection.html", ConnectionPage(**(filled | changes)))  # type: ignore[arg-type]


def _trial(**changes: object) -> Sample:
    filled: dict[str, object] = {
        "signed_in_as": "mira",
        "account_url": "/t/northwind/account",
        "sign_out_action": "/t/northwind/logout",
        "back_url": _HERE,
        "connection": _LONG,
        "facts": (("subject", _LONG), ("email", "")),
        "claims": (("sub", _LONG), ("groups", '["staff"]')),
        "outcome": "Makes a new user.",
    }
    return ("console/connection_trial.html", TrialPage(**(filled | changes)))  # type: ignore[arg-type]


def _connection_samples() -> dict[str, Sample]:
    line = ConnectionLine(_HERE, _LONG, "acme", "OpenID Connect", "key-round", True, 12)
    lines = (line, ConnectionLine(_HERE, "GitHub", "github", "", "key-round", False, 0))
    types = (ConnectorLine(_HERE, "OpenID Connect", "key-round"),)
    return {
        "console-connections": (
            "console/connections.html",
            ConnectionsPage(_frame(), _HERE, lines),
        ),
        "console-connections-none": ("console/connections.html", ConnectionsPage(_frame(), _HERE)),
        "console-connectors": ("console/connectors.html", ConnectorsPage(_frame(), _HERE, types)),
        "console-connectors-none": ("console/connectors.html", ConnectorsPage(_frame(), _HERE)),
        "console-connection": _connection(),
        "console-connection-auditor": _connection(frame=_auditor(), steps=(), enabled=False),
        "console-connection-absent": _connection(connector="", facts=(), steps=()),
        "console-connection-form": _connection_form(changed_meanwhile=True),
        "console-connection-form-faults": _connection_form(
            name="", faults={"slug": _LONG, "config-issuer": _LONG, "groups": "No group."}
        ),
        "console-connection-trial": _trial(),
        "console-connection-trial-failed": _trial(failed="It did not work.", cause=_LONG),
    }


def _first_steps(**changes: object) -> Sample:
    names = ("curl", "Next.js", "Express", "Flask", "Django", "Spring Boot", "Go", "Single page")
    filled: dict[str, object] = {
        "frame": _frame(),
        "issuer": "https://login.northwind.example",
        "client_id": "first-app",
        "make_action": f"{_HERE}/first",
        "unserved_url": "",
        "is_strict": False,
        "steps": [
            StepLine(step, done=step is Step.CLIENT, url=_HERE if step is Step.COLLEAGUE else "")
            for step in Step
        ],
        "snippets": [Snippet(each, "main.txt", f"issuer = {_LONG}") for each in names],
        "arrived": False,
        "watch_url": "/t/northwind/admin/first-steps/arrived",
    }
    return ("console/first_steps.html", FirstStepsPage(**(filled | changes)))  # type: ignore[arg-type]


def console_samples() -> Mapping[str, Sample]:
    """Every template of the console in every state it has, by name."""
    wrong = ("name", "redirect_uris", "scopes", "consent", "grant_types", "jwks")
    faults = dict.fromkeys(wrong, _LONG)
    mistyped = DeleteClientPage(_frame(), _LONG, _LONG, "/delete", _HERE, 1, mistyped=True)
    rotation = RotatePage(
        _frame(),
        "Billing sync",
        "/secret",
        _HERE,
        has_former=True,
        fields=RotationFields(overlap="x"),
        faults={"overlap": "0 to 720 hours."},
    )
    return {
        "console-overview": _overview(),
        "console-overview-empty": _overview(**_nothing_yet()),
        "console-overview-manager": _overview(events=None),
        "console-first-steps": _first_steps(),
        "console-first-steps-arrived": _first_steps(arrived=True),
        "console-first-steps-disabled": _first_steps(
            client_id="", snippets=(), make_action="", unserved_url=_HERE
        ),
        "console-first-steps-none": _first_steps(client_id="", snippets=()),
        **_connection_samples(),
        "console-groups": _groups(),
        "console-groups-none": _groups(groups=(), next_url=None),
        "console-groups-not-found": _groups(groups=(), search="x", next_url=None),
        "console-group": _group(),
        "console-group-auditor": _group(frame=_auditor(), people=(), next_url=None),
        "console-group-fault": _group(login="x", fault="Nobody has this name."),
        "console-group-form": _group_form(),
        "console-group-form-faults": _group_form(
            name="", delete_action=None, faults={"display_name": _LONG, "roles": "No role."}
        ),
        "console-invitations": _invitations(),
        "console-invitations-fault": _invitations(lines=(), email="x", fault="No address."),
        "console-clients": _clients(),
        "console-clients-none": _clients(clients=(), total=0, frame=_frame(done=Done.DELETED)),
        "console-clients-not-found": _clients(clients=(), search="x", next_url=None),
        "console-selection": _selection("approve"),
        "console-selection-none": _selection("disable", clients=()),
        "console-selection-changed": _selection("revoke-tokens", changed_meanwhile=True),
        "console-kinds": (
            "console/client_kinds.html",
            ClientKindsPage(
                _frame(), [KindLink(kind, f"{_HERE}/new/{kind}") for kind in ClientKind]
            ),
        ),
        **{
            f"console-new-{kind}": _form("client_new.html", kind)
            for kind in (ClientKind.BROWSER, ClientKind.NATIVE, ClientKind.MACHINE)
        },
        "console-new-faults": _form("client_new.html", ClientKind.WEB, faults=faults),
        "console-edit": _form(
            "client_edit.html",
            ClientKind.WEB,
            fields=ClientFields(name="Partner portal", jwt_bearer=True, jwks='{"keys": []}'),
        ),
        "console-edit-faults": _form(
            "client_edit.html", ClientKind.BROWSER, faults=faults, title=_LONG
        ),
        "console-credentials": _credentials(),
        "console-credentials-public": _credentials(public=True, secret=None),
        "console-credentials-rotated": _credentials(
            secret=None, rotated=True, former_until=_NOW, name=_LONG
        ),
        "console-client": _client(),
        "console-client-pending": _long_client(),
        "console-client-new": _client(unseen=True, owner=_LONG),
        "console-client-disabled": _client(status=ClientStatus.INACTIVE, frame=_frame(waiting=0)),
        "console-client-beyond-role": _client(beyond_role=(_LONG,), status=ClientStatus.PENDING),
        "console-client-auditor": _client(frame=_auditor()),
        "console-tokens-auditor": _tokens(frame=_auditor()),
        "console-scope-auditor": _scope(frame=_auditor()),
        "console-team": _team(),
        "console-team-unknown": _team(login=_LONG),
        "console-role": _role(),
        "console-role-sure": _role(wanted=UserRole.OWNER),
        "console-role-refused": _role(fault="It is the last owner of the tenant."),
        "console-role-own": _role(roles=(), groups=("Staff", _LONG)),
        "console-tokens": _tokens(),
        "console-tokens-none": _tokens(tokens=(), user="nobody", unknown_user=True),
        "console-tokens-empty": _tokens(tokens=(), kept={}),
        "console-scopes": _scopes(),
        "console-scopes-empty": _scopes(scopes=()),
        "console-scope": _scope(),
        "console-scope-faults": _scope(faults={"title": _LONG, "translations": _LONG}),
        **_resource_servers(),
        "console-domains": _domains(),
        "console-domains-auditor": _domains(frame=_auditor()),
        "console-domains-none": _no_domains(
            taken=True, fields=DomainFields(_LONG), faults={"host": _LONG}
        ),
        **_settings(),
        "console-webhooks": _webhooks(webhooks=[_webhook_line(each) for each in _HOOK_STATES]),
        "console-webhooks-none": _webhooks(webhooks=()),
        "console-webhook-new": _webhook_form(fields=WebhookFields()),
        "console-webhook-form": _webhook_form(
            name=_LONG,
            fields=WebhookFields(name=_LONG, url=_LONG, lifecycles=_LONG, enabled=False),
            faults={"url": _LONG, "lifecycles": _LONG},
            changed_meanwhile=True,
        ),
        "console-webhook": _webhook(),
        "console-webhook-failing": _webhook(
            webhook=_webhook_line("failing"),
            resume_action="",
            secret="",
            steps=(TestedStep("Answer", passed=False, said=_LONG),),
            failing_since=_NOW,
            fault=_LONG,
            replayed=None,
            deliveries=(),
        ),
        "console-webhook-delivery": _webhook_delivery(),
        "console-webhook-delivery-gone": _webhook_delivery(
            message="", answer="", event_url="", replay_action=""
        ),
        "console-jobs": _jobs(),
        "console-jobs-none": _jobs(jobs=(), under_way=False),
        "console-exports": _exports(faults={"passphrase": _LONG}),
        "console-audit-verification": _audit_verification(),
        "console-audit-verification-none": _audit_verification(
            ended_at=None, percent=41, fault_count=0, faults=()
        ),
        "console-audit-exports": _audit_exports(faults={"since": _LONG, "format": _LONG}),
        "console-audit-exports-none": _audit_exports(
            exports=(), under_way=False, frame=_frame(guest=True)
        ),
        "console-exports-none": _exports(exports=(), under_way=False),
        "console-signing-keys": _signing_keys(faults={"key": _LONG, "algorithm": _LONG}),
        "console-signing-keys-auditor": _signing_keys(frame=_auditor(), days=0),
        "console-usage": _usage(),
        "console-usage-none": _usage(charts={}, statements=(), fault=_LONG),
        **_limits(),
        **_provisioning(),
        **_mail_servers(),
        **_plugins(),
        **_found(),
        **_own_apps(),
        **people_samples(_frame(), _auditor()),
        "console-people": _people(),
        "console-people-none": _people(authorizations=()),
        "console-rotate": ("console/client_rotate.html", rotation),
        "console-delete": ("console/client_delete.html", mistyped),
    }
