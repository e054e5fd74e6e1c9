"""The page on compliance leaves no point out, names what there is, and says times of the code."""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from tortoise.models import Model

from authgate.audit import Event
from authgate.jobs.catalogue import JOBS
from authgate.oauth import authorization_endpoint
from authgate.operator.places import CONSOLE
from authgate.provisioning import forgotten_passwords, joining, own_profile
from authgate.settings import Settings
from authgate.storage import deliveries, export_files, idempotent_requests
from authgate.storage.audit import alerts
from authgate.storage.jobs import kept_jobs
from authgate.storage.metering import active_users, usage_hours
from authgate.storage.people import invitations, user_imports
from authgate.storage.portable.parts import EXPORTED, LEFT_OUT, TENANT
from authgate.storage.sweep.expiry import KINDS
from authgate.storage.tenants import imports, settings_versions, sign_ups
from authgate_tenants.settings import TenantSettings
from authgate_testing.databases import on_sqlite
from authgate_testing.matrix.routes import Routes
from authgate_testing.pages import rows, section
from authgate_testing.server import RunningServer

POINTS = {
    "Standards": [
        "SOC 2: authentication is audited",
        "SOC 2: operations on tokens are tracked",
        "SOC 2: failed sign-ins are watched",
        "SOC 2: the log is exported",
        "ISO 27001: logs are retained",
        "ISO 27001: what is over is removed",
        "ISO 27001: logs are safe from tampering",
        "GDPR: access to data is logged",
        "GDPR: consent is tracked",
        "GDPR: requests of people can be followed",
        "GDPR: data is retained no longer than needed",
        "each week: failed sign-ins",
        "each month: limits and what is unusual",
        "each quarter: the log is exported",
        "each year: an audit and a penetration test",
    ],
    "Secrets and configuration": [
        "a strong secret for tokens",
        "a strong secret for sessions",
        "a password for the first administrator",
        "no secrets under version control",
        "secrets from the environment or a manager",
        "rotation",
        "key files for their owner alone",
        "RSA of 2048 bits, or P-256",
    ],
    "Network": [
        "HTTPS alone",
        "valid certificates",
        "a firewall",
        "a reverse proxy",
        "HTTP/2",
        "CORS",
    ],
    "Tokens": [
        "lifetime of device codes",
        "lifetime of access tokens",
        "lifetime of refresh tokens",
        "rotation of refresh tokens",
        "least privilege by scopes",
    ],
    "Rate limiting": [
        "on",
        "shared by Redis",
        "fitted to the traffic",
        "watched in the log",
        "alerts",
        "a token for registration",
        "pending registrations are reviewed",
    ],
    "Audit logging": [
        "on",
        "a period of retention",
        "growth is monitored",
        "regular exports",
        "regular reviews",
        "alerts on critical events",
    ],
    "Database": [
        "PostgreSQL",
        "encryption at rest",
        "regular backups",
        "access for few",
        "strong passwords",
        "TLS to it",
    ],
    "Application": [
        "not as root",
        "a container's user without rights",
        "timeouts",
        "expired tokens and codes are removed",
        "sessions end",
        "CSRF",
    ],
    "Monitoring": [
        "health",
        "logs in one place",
        "alerts on errors",
        "failed sign-ins",
        "unusual patterns",
        "backups are verified",
    ],
    "People": [
        "people look at their devices",
        "people end what they do not know",
        "incidents have a procedure",
        "administrators are trained",
        "disabling is the fastest way",
    ],
    "Threats": [
        "secrets in programs that are handed out",
        "phishing",
        "replay",
        "tampering with tokens",
        "guessing",
        "registration by anybody",
        "questions about tokens",
        "abuse and floods",
        "stolen sessions",
        "the host",
        "copies of the database",
        "TLS",
        "secrets that get old",
        "signing keys",
        "the network within",
    ],
    "Incidents": [
        "detection",
        "containment",
        "investigation",
        "remediation",
        "recovery",
        "review afterwards",
    ],
}
"""What is asked of an authorization server, line by line, in our words and by our headings."""

_NOBODY = "–"  # noqa: RUF001 - as pages write that there is nothing to say

Period = timedelta | str
"""So long, or as long as this setting of a tenant says."""

PERIODS: Mapping[str, tuple[Period, ...]] = {
    "account_deletions": ("account_deletion_days",),
    "active_users": (active_users._KEPT,),
    "alerts": (alerts.KEPT,),
    "audit_erasures": ("audit_person_days",),
    "audit_events": ("audit_retention_days", "audit_person_days"),
    "audit_exports": (export_files.KEPT,),
    "authorization_codes": ("authorization_code_lifetime",),
    "authorization_requests": (authorization_endpoint.LIFETIME, "pushed_request_lifetime"),
    "browser_sessions": ("session_absolute_lifetime", "remembered_session_lifetime"),
    "clients": ("unused_client_lifetime",),
    "device_codes": ("device_code_lifetime",),
    "idempotent_requests": (idempotent_requests.KEPT,),
    "impersonations": (),
    "initial_access_tokens": (),
    "invitations": (invitations.KEPT, invitations.GOOD),
    "kept_jobs": (kept_jobs.KEPT,),
    "login_failures": (),
    "logout_deliveries": (deliveries.KEPT,),
    "mailed_links": (
        forgotten_passwords.GOOD,
        joining.GOOD,
        own_profile.GOOD,
        own_profile.REGRET,
    ),
    "mails": (deliveries.KEPT,),
    "webhook_deliveries": (deliveries.KEPT,),
    "operator_accesses": (),
    "refresh_tokens": ("refresh_token_absolute_lifetime",),
    "remembered_devices": ("remembered_device_days",),
    "scim_tokens": (),
    "session_clients": ("session_absolute_lifetime", "remembered_session_lifetime"),
    "sign_ups": (sign_ups.KEPT, sign_ups.INVITED),
    "spent_jtis": (),
    "tenant_export_pieces": (export_files.KEPT,),
    "tenant_exports": (export_files.KEPT,),
    "tenant_import_pieces": (imports.KEPT,),
    "tenant_imports": (imports.KEPT,),
    "tokens": (
        "access_token_lifetime",
        "client_credentials_lifetime",
        "short_access_token_lifetime",
        "long_access_token_lifetime",
        "access_token_lifetime_cap",
    ),
    "usage_hours": (usage_hours.KEPT,),
    "user_import_lines": (user_imports.KEPT,),
    "user_imports": (user_imports.KEPT,),
}
"""After what a row of each table is over; rows of the others go when somebody removes them."""

_TABLES = "What is kept for how long"


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page."""
    return (repository / "docs/compliance.md").read_text()


@pytest.mark.parametrize("heading", POINTS)
def test_every_point_is_answered_and_says_where_to_look(page: str, heading: str) -> None:
    found = rows(page, heading)
    assert [row[0] for row in found] == POINTS[heading]
    for row in found:
        assert len(row) == 4, row
        assert row[2] == _NOBODY or re.fullmatch(r"`[^`]+`(, `[^`]+`)*", row[2]), row
        assert re.fullmatch(r"(\[[^\]]+\]\([^)]*#[^)]+\)(, )?)+", row[3]), row


@on_sqlite
async def test_everything_that_the_page_names_exists(
    server: RunningServer,
    code_in: dict[str, list[str]],
    reference: ModuleType,
    codes: set[str],
    alerts: set[str],
    process_settings: set[str],
) -> None:
    known = {
        *(f"authgate {path}" for path, _ in reference.every_command()),
        *(route.template for route in Routes(cast(Any, server.transport.app)).every()),
        CONSOLE,
        *Event,
        *(each.name for each in JOBS),
        *(field.name for field in fields(TenantSettings)),
        *_tables(),
        *codes,
        *alerts,
        *process_settings,
    }
    assert set(code_in["docs/compliance.md"]) - known == set()


def test_every_table_says_until_when_its_rows_are_kept(page: str) -> None:
    named = [each for row in _kept(page) for each in row]
    assert sorted(named) == sorted(_tables())


def test_times_are_those_of_the_code(page: str) -> None:
    swept = {kind.table: kind.kept for kind in KINDS}
    assert set(swept) <= set(PERIODS), "say in PERIODS after what a row is over"
    for tables, until in _kept(page).items():
        told = set(re.findall(r"\b\d+ (?:second|minute|hour|day)s?\b", until))
        for table in tables:
            periods = PERIODS.get(table, ())
            more = swept.get(table) or None
            assert told == {_said(each) for each in (*periods, more) if each is not None}, table
            for setting in (each for each in periods if isinstance(each, str)):
                assert f"`{setting}` ({_said(setting)})" in until, table


def test_what_is_kept_by_its_number_is_said_by_its_number(page: str) -> None:
    [until] = [kept for tables, kept in _kept(page).items() if "tenant_settings_versions" in tables]
    assert str(settings_versions.MOST_KEPT) in until


def test_how_often_it_is_looked_is_said(page: str) -> None:
    settings = Settings()
    text = section(page, _TABLES)
    each = _words(timedelta(seconds=settings.jobs.cleanup_seconds))
    assert f"`jobs.cleanup_seconds` ({each})" in text
    assert (
        f"`tenant_deletion_days` ({_words(timedelta(days=settings.tenant_deletion_days))})" in text
    )


def _kept(page: str) -> dict[tuple[str, ...], str]:
    """By the tables of a row, until when."""
    until = section(page, _TABLES).partition("\nOutside of the database")[0]
    found = [line.strip("|").split(" | ") for line in until.splitlines() if line.startswith("| `")]
    return {tuple(re.findall(r"`([a-z_]+)`", row[0])): row[2] for row in found}


def _tables() -> set[str]:
    models: list[type[Model]] = [TENANT, *(part.model for part in EXPORTED), *LEFT_OUT]
    return {model._meta.db_table for model in models}


def _said(period: Period) -> str:
    if isinstance(period, timedelta):
        return _words(period)
    unit = "days" if period.endswith("_days") else "seconds"
    return _words(timedelta(**{unit: getattr(TenantSettings(), period)}))


def _words(period: timedelta) -> str:
    seconds = int(period.total_seconds())
    units = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
    unit, size = next(each for each in units.items() if seconds % each[1] == 0)
    number = seconds // size
    return f"{number} {unit}{'' if number == 1 else 's'}"
