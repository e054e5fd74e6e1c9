"""Commands over the admin API: what an administrator does who has no database, from anywhere."""

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from operator import itemgetter
from pathlib import Path
from threading import Event
from typing import IO, Any
from uuid import UUID

import httpx2
import pytest

from authgate import installation, provisioning
from authgate.accounts.connection_setup import ConnectionSetup
from authgate.admin.catalogue import OPERATIONS
from authgate.api.access import Caller
from authgate.api.router import Route, Router
from authgate.audit import SYSTEM
from authgate.cli.doors import admin_api
from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.doors.bearers import SCOPES, Person
from authgate.cli.doors.remote_door import RemoteDoor
from authgate.cli.failures import Failure, Misused, NotAllowed, Unhealthy
from authgate.cli.sign_in import sign_ins
from authgate.cli.sign_in.device_flow import Endpoints
from authgate.cli.sign_in.login import CLIENT, _trusted
from authgate.cli.sign_in.proofs import Plain
from authgate.cli.sign_in.sign_ins import SignIn
from authgate.clock import utc_now
from authgate.exports import audit_log
from authgate.permissions import UserRole
from authgate.provisioning import invitations, operator_accesses, scim_tokens
from authgate.provisioning.operator_accesses import LONGEST, Wanted
from authgate.storage.audit import exports as audit_exports
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.grants import consents
from authgate.storage.people import person_erasures, users
from authgate.vocabulary import ClientStatus
from authgate.web.machine import MachineRequest, Reply
from authgate_tenants import use_tenant
from authgate_testing.api import EVERYTHING
from authgate_testing.command import Cli, Ended
from authgate_testing.live import DEVICE_GRANT, PASSWORD, Host
from authgate_testing.processes import free_port
from authgate_testing.signing import SigningKey

MACHINE = "terraform"
PERSON = ("--headless", "--username", "mira.halvorsen", "--password-stdin")


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant of the server that is asked."""

    slug: str
    issuer: str
    secret: str
    """Of a machine that administers it."""


@pytest.fixture(scope="module")
def companies(live_host: Host) -> dict[str, Company]:
    """Two tenants, each with a person, a client for this command line and a machine."""
    return {slug: asyncio.run(_founded(live_host, slug)) for slug in ("acme", "globex")}


async def _founded(host: Host, slug: str) -> Company:
    await host.tenant(slug)
    async with installation.opened(host.settings) as parts:
        tenant = await parts.resolver.find(slug)
        assert tenant is not None
        with use_tenant(tenant):
            await provisioning.add_client(
                parts,
                ClientDraft(
                    name="AuthGate CLI",
                    client_id=CLIENT,
                    public=True,
                    grant_types=[DEVICE_GRANT, "refresh_token"],
                    scopes=["openid", "profile", "email", "offline_access", *SCOPES],
                ),
            )
            machine = await provisioning.add_client(
                parts,
                ClientDraft(
                    name="Terraform",
                    client_id=MACHINE,
                    grant_types=["client_credentials"],
                    scopes=list(EVERYTHING),
                ),
            )
    assert machine.secret is not None
    return Company(slug, f"{host.base_url}/t/{slug}", machine.secret)


@pytest.fixture
def acme(companies: dict[str, Company]) -> Company:
    """One of them."""
    return companies["acme"]


@pytest.fixture
def globex(companies: dict[str, Company]) -> Company:
    """The other one."""
    return companies["globex"]


@pytest.fixture
def mira(command: Cli, acme: Company) -> Cli:
    """Signed in to acme, and with nothing else in the environment."""
    ended = command("login", acme.issuer, *PERSON, stdin=f"{PASSWORD}\n")
    assert ended.code == 0, ended.err
    return command


def be_machine_of(company: Company) -> None:
    """Act as a machine, as in continuous integration."""
    os.environ["AUTHGATE_ISSUER"] = company.issuer
    os.environ["AUTHGATE_CLIENT_ID"] = MACHINE
    os.environ["AUTHGATE_CLIENT_SECRET"] = company.secret


@pytest.fixture
def machine(command: Cli, acme: Company) -> Cli:
    """A machine of acme."""
    be_machine_of(acme)
    return command


@pytest.fixture
def operator(command: Cli, live_host: Host) -> Cli:
    """At the machine where the installation is."""
    chosen = live_host.settings
    os.environ["AUTHGATE_DATABASE__URL"] = chosen.database.url.get_secret_value()
    os.environ["AUTHGATE_KEYS__KEK_FILE"] = str(chosen.keys.kek_file)
    os.environ["AUTHGATE_BASE_URL"] = str(chosen.base_url)
    return command


# --- The same, by either door --------------------------------------------------------------------

_CHANGING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>"),
    (r"ag(?:sec|scim)_[\w-]+|whsec_[\w+/=]+", "<secret>"),
    (r"\b[\w-]{43}(?![\w-])", "<kid>"),
    (r"\d{4}-\d\d-\d\d[T ][\d:.]+", "<time>"),
    (r"/t/[a-z]+\b", "/t/<slug>"),
    (r"authgate-domain=[\w-]+", "<proof>"),
    (r'"decided_by": "[^"]+"', "<who>"),
    (r'"request_id": "[0-9a-f]+"', "<request>"),
    (r'"(?:blocked|created|requested)_by": "[^"]+"', "<actor>"),
    (r"(?m)^(?:requested_by|began_at|ended_at|seq|events|seals|waiting) .+$", "<of the log>"),
)


def without_what_changes(ended: Ended) -> list[object]:
    """How a command ended, without ids, secrets and times."""
    told = [ended.out, ended.err]
    for pattern, stands_for in _CHANGING:
        told = [re.sub(pattern, stands_for, each) for each in told]
    return [ended.code, *told]


_ORDERS = (
    "--name", "Orders", "--grant", "authorization_code", "--grant", "refresh_token",
    "--redirect-uri", "https://orders.example/back", "--scope", "openid orders:read",
)  # fmt: skip
_HOOK = "https://hooks.acme.invalid/authgate"
_NOBODY = "01930000-0000-7000-8000-000000000009"

_BEFORE = ("--since", "2020-01-01", "--to", "2020-01-02T12:00")

OF_PEOPLE = [
    ("operator-access", "list", "--json"),
    ("operator-access", "approve", "{op-0}"),
    ("operator-access", "approve", "{op-0}"),
    ("operator-access", "end", "{op-0}"),
    ("operator-access", "refuse", "{op-1}"),
    ("operator-access", "end", "{op-1}"),
    ("operator-access", "refuse", _NOBODY),
    ("operator-access", "list", "--json"),
    ("scim-token", "create", "--for", "Contoso", "--trust-emails", "--days", "30", "--json"),
]
"""What is no program's to decide or to make."""

OF_OWNERS = [
    ("jobs", "list"),
    ("jobs", "show", _NOBODY),
    ("jobs", "retry", _NOBODY),
    ("jobs", "cancel", _NOBODY),
    ("export", "list"),
    ("export", "show", _NOBODY),
    ("export", "take", _NOBODY, "nothing.authgate"),
    ("export", "request"),
    ("export", "request", "--json"),
]
"""What is no program's, nor an administrator's. A passphrase is asked for by none but the last."""

SIGN_IN_BEGINS = ("connection", "types", "--json")
"""Before it a connection is set up, which only an operator makes possible."""

SCRIPT = [
    ("audit", "export", "--format", "csv", "--bom", *_BEFORE, "--type", "LOGOUT", "--failed"),
    ("audit", "export", *_BEFORE, "--severity", "CRITICAL", "--output", "audit.csv", "--force"),
    ("audit", "export", *_BEFORE, "--output", "audit.csv"),
    ("audit", "export", "--format", "xls", "--search", "mira"),
    ("audit", "export", "--since", "yesterday"),
    ("audit", "verification"),
    ("audit", "verification", "--begin"),
    ("audit", "exports", "--json"),
    ("audit", "show-export", "{audit_export}", "--json"),
    ("audit", "take-export", "{audit_export}", "audit.csv", "--force"),
    ("audit", "delete-export", "{audit_export}"),
    ("audit", "take-export", "{audit_export}", "more.csv"),
    ("audit", "delete-export", _NOBODY),
    # One is raised at a time of its own.
    ("alert", "list", "--state", "closed", "--json"),
    ("alert", "rules", "--json"),
    ("alert", "show", _NOBODY),
    ("alert", "acknowledge", _NOBODY),
    ("alert", "close", _NOBODY),
    ("webhook", "create", "hub", "--url", _HOOK, "--area", "people", "--disable", "--json"),
    ("webhook", "create", "hub", "--url", "http://hooks.example/"),
    ("webhook", "list", "--json"),
    ("webhook", "show", "hub", "--json"),
    ("webhook", "show", "nobody"),
    ("webhook", "update", "hub", "--type", "USER_CREATED", "--area", "", "--name", "spoke"),
    ("webhook", "update", "spoke", "--type", "NO_SUCH"),
    ("webhook", "update", "spoke"),
    ("webhook", "add-secret", "spoke", "--overlap-hours", "1", "--json"),
    ("webhook", "secrets", "spoke", "--json"),
    ("webhook", "delete-secret", "spoke", _NOBODY),
    ("webhook", "test", "spoke"),
    ("webhook", "resume", "spoke"),
    ("webhook", "deliveries", "spoke", "--status", "failed", "--json"),
    ("webhook", "delivery", "spoke", _NOBODY),
    ("webhook", "replay", "spoke", _NOBODY),
    ("webhook", "replay", "spoke", "--since", "24h"),
    ("webhook", "replay", "spoke"),
    ("webhook", "delete", "spoke", "--yes"),
    ("client", "create", "--id", "orders", *_ORDERS, "--json"),
    ("client", "create", "--id", "orders", *_ORDERS),
    ("client", "create", "--id", "tv", "--name", "TV", "--grant", "device_code", "--public"),
    ("client", "create", "--name", "x", "--grant", "authorization_code"),
    ("client", "create", "--name", "x", "--grant", "client_credentials", "--public"),
    ("client", "create", "--name", "x" * 81, "--grant", "client_credentials"),
    ("client", "create", "--name", "x", "--grant", "client_credentials", "--id", "a b"),
    ("client", "create", "--name", "x", "--grant", "client_credentials", "--secret-stdin"),
    ("client", "list", "--search", "or", "--json"),
    ("client", "list", "--public", "--search", "tv"),
    ("client", "show", "orders", "--json"),
    ("client", "show", "nobody"),
    ("client", "update", "orders", "--name", "Orders 2", "--allowed-origin", "https://o.example"),
    ("client", "update", "orders", "--redirect-uri", "javascript:alert(1)"),
    ("client", "update", "orders"),
    ("client", "update", "nobody", "--name", "x"),
    ("client", "set", "orders", "client_uri=https://orders.example", "contacts=a@b.example"),
    ("client", "set", "orders", "colour=red"),
    ("client", "set", "orders", "client_uri=http://orders.example"),
    ("client", "set", "tv", "token_endpoint_auth_method=client_secret_post"),
    ("client", "show", "orders", "--json"),
    ("client", "rotate-secret", "orders", "--keep-former-hours", "2", "--secret-days", "9"),
    ("client", "rotate-secret", "tv"),
    ("client", "end-former-secret", "orders"),
    ("client", "end-former-secret", "orders"),
    ("client", "approve", "orders"),
    ("client", "reject", "nobody"),
    ("client", "approve", "asked-1"),
    ("client", "enable", "asked-2"),
    ("client", "reject", "asked-2"),
    ("client", "enable", "asked-2"),
    ("client", "disable", "orders"),
    ("client", "disable", "orders"),
    ("client", "enable", "orders"),
    ("client", "revoke-tokens", "orders", "--yes"),
    ("client", "revoke-tokens", "nobody", "--yes"),
    ("client", "approve", "asked-3", "asked-4", "nobody"),
    ("client", "approve", "asked-3", "asked-4", "orders"),
    ("client", "approve", "asked-3", "asked-4"),
    ("client", "disable", "asked-3", "asked-4"),
    ("client", "enable", "asked-3", "asked-4", "asked-3"),
    ("client", "enable", "asked-3", "asked-4"),
    ("client", "revoke-tokens", "asked-3", "asked-4", "--yes"),
    ("client", "mark-seen", "asked-3", "nobody"),
    ("client", "mark-seen", "asked-3", "asked-4"),
    ("client", "list", "--unseen", "--json"),
    ("scope", "create", "orders:read", "--title", "see your orders", "--translation", "de=Sehen"),
    ("scope", "create", "orders:read", "--title", "see your orders"),
    ("scope", "create", "authgate:all", "--title", "everything"),
    ("scope", "list", "--json"),
    ("scope", "update", "orders:read", "--translation", "de=", "--sensitive"),
    ("scope", "update", "nothing", "--sensitive"),
    ("scope", "show", "orders:read", "--json"),
    ("scope", "delete", "orders:read", "--yes"),
    ("client", "delete", "orders", "--yes"),
    ("scope", "delete", "orders:read", "--yes"),
    ("scope", "delete", "orders:read", "--yes"),
    ("resource-server", "create", "https://api.example"),
    ("resource-server", "create", "https://api.example"),
    ("resource-server", "create", "https://api.example#part"),
    ("resource-server", "list", "--json"),
    ("resource-server", "show", "https://api.example", "--json"),
    ("resource-server", "delete", "https://other.example", "--yes"),
    ("resource-server", "delete", "https://api.example", "--yes"),
    ("keys", "list", "--json"),
    ("keys", "show", "{kid}", "--json"),
    ("keys", "show", "nothing"),
    ("keys", "rotate"),
    ("keys", "rotate", "--now", "--json"),
    ("keys", "rotate", "--algorithm", "none"),
    ("keys", "change-algorithm", "EdDSA"),
    ("keys", "change-algorithm", "ES256"),
    ("keys", "change-algorithm", "EdDSA", "--now"),
    ("keys", "import", "signing.pem", "--json"),
    ("keys", "import", "signing.pem"),
    ("keys", "import", "no-key.pem"),
    ("keys", "revoke", "{kid}", "--yes"),
    ("keys", "revoke", "{kid}", "--yes"),
    ("keys", "revoke", "nothing", "--yes"),
    ("domain", "add", "login.northwind.example"),
    ("domain", "add", "localhost"),
    ("domain", "list"),
    ("domain", "show", "login.northwind.example", "--json"),
    ("domain", "verify", "login.northwind.example"),
    ("domain", "verify", "id.northwind.example"),
    ("domain", "make-canonical", "login.northwind.example"),
    ("domain", "make-canonical", "--overlap", "366"),
    ("domain", "end-overlap", "--yes"),
    ("domain", "issuer"),
    ("domain", "remove", "login.northwind.example", "--yes"),
    ("domain", "remove", "login.northwind.example", "--yes"),
    ("token", "list", "--user", "MIRA@northwind.example", "--client", CLIENT, "--json"),
    ("token", "list", "--user", "nobody"),
    ("token", "show", "{token}", "--json"),
    ("token", "enable", "{token}"),
    ("token", "disable", "{token}"),
    ("token", "enable", "{token}"),
    ("token", "revoke", "{token}"),
    ("token", "disable", "{token}"),
    ("token", "revoke", _NOBODY),
    ("token", "revoke", "{token}", _NOBODY),
    ("token", "revoke", "{token}", "{token}"),
    ("authorization", "list", "--user", "mira.halvorsen", "--json"),
    ("authorization", "show", "{authorization}", "--json"),
    ("authorization", "revoke", "{authorization}", "--yes"),
    ("authorization", "revoke", "{authorization}", "--yes"),
    ("tenant", "settings", "set", "access_token_lifetime=900", "--comment", "Shorter"),
    ("tenant", "settings", "set", "access_token_lifetime=soon"),
    ("tenant", "settings", "set", "colour=red"),
    ("tenant", "settings", "set", "require_pkce=on", "--dry-run"),
    ("tenant", "settings", "set", "access_token_lifetime=99999999"),
    ("tenant", "settings", "show"),
    ("tenant", "settings", "diff", "2", "--json"),
    ("tenant", "settings", "diff", "1", "2"),
    ("api", "post", "/settings/logos", "-d", '{"image": "PHN2Zz48L3N2Zz4="}'),
    ("tenant", "settings", "restore", "1", "--yes"),
    ("tenant", "settings", "restore", "9", "--yes"),
    ("overview", "--span", "1y"),
    ("usage", "tokens", "--client", "nobody", "--json"),
    ("usage", "tokens", "--days", "0"),
    ("usage", "plan"),
    ("usage", "days", "--since", "2020-01-01", "--to", "2020-01-02", "--json"),
    ("usage", "days", "--since", "2020-01-01", "--to", "2020-01-02", "--csv"),
    ("audit", "list", "--type", "account_locked", "--since", "2d", "--to", "1h"),
    ("audit", "list", "--user", "jon", "--type", "ACCOUNT_LOCKED", "--succeeded", "--json"),
    ("audit", "list", "--user", "nobody"),
    ("audit", "stats", "--since", "2020-01-01", "--to", "2020-01-02"),
    ("audit", "stats", "--since", "2020-01-01", "--to", "2020-01-02", "--csv"),
    ("audit", "list", "--type", "NOTHING"),
    ("audit", "list", "--ip", "nowhere"),
    ("audit", "list", "--since", "yesterday"),
    ("audit", "show", "01930000-0000-7000-8000-000000000009"),
    ("usage", "statements"),
    ("usage", "statement", "2020-01"),
    ("usage", "statement-keys"),
    ("address-block", "create", "203.0.113.0/24", "--reason", "guesses"),
    ("address-block", "create", "here"),
    ("address-block", "list", "--json"),
    ("address-block", "update", "203.0.113.0/24", "--reason", "guesses again"),
    ("address-block", "update", "198.51.100.0/24", "--reason", "guesses again"),
    ("address-block", "show", "203.0.113.0/24", "--json"),
    ("address-block", "delete", "203.0.113.0/24"),
    ("address-block", "delete", "203.0.113.0/24"),
    ("mail-server", "set", "--host", "127.0.0.1"),
    ("mail-server", "set", "--host", "127.0.0.1", "--sender", "Acme <mail@acme.example>"),
    ("mail-server", "show", "--json"),
    ("mail-server", "test", "mira@acme.example", "--json"),
    ("mail-server", "remove", "--yes"),
    ("mail-server", "remove", "--yes"),
    ("plugin-settings", "list", "--json"),
    ("plugin-settings", "show", "networks", "--json"),
    ("plugin-settings", "set", "networks", "--set", "networks=192.0.2.0/24"),
    ("plugin-settings", "test", "networks", "--json"),
    ("plugin-settings", "pause", "networks"),
    ("plugin-settings", "resume", "networks"),
    ("plugin-settings", "reset", "networks", "--yes"),
    ("scim-token", "list", "--json"),
    ("scim-token", "show", "{scim_token}", "--json"),
    ("scim-token", "delete", "{scim_token}"),
    ("scim-token", "delete", "{scim_token}"),
    ("user", "list", "--role", "admin", "--json"),
    ("user", "show", "mira.halvorsen", "--json"),
    ("user", "show", _NOBODY),
    ("user", "sessions", "mira.halvorsen", "--json"),
    ("user", "end-session", "mira.halvorsen", "{session}"),
    ("user", "end-session", "mira.halvorsen", "{session}"),
    ("user", "second-factors", "mira.halvorsen", "--json"),
    ("user", "reset-second-factors", "jon"),
    ("user", "reset-second-factors", "nobody"),
    ("user", "create", "kim", "--email", "kim@northwind.example", "--no-password", "--json"),
    ("user", "create", "KIM", "--no-password"),
    ("user", "create", "k m", "--no-password"),
    ("user", "create", "lea", "--no-password", "--role", "auditor", "--json"),
    ("user", "list", "--without-password", "--search", "kim", "--json"),
    ("user", "update", "kim", "--name", "Kim Lund", "--email", "lund@northwind.example"),
    ("user", "update", "kim", "--username", "kim.lund", "--email", "", "--unverified"),
    ("user", "update", "kim.lund", "--email", "nowhere"),
    ("user", "update", "kim.lund"),
    ("user", "reset-password", "kim.lund"),
    ("user", "identities", "kim.lund", "--json"),
    ("user", "unlink-identity", "kim.lund", _NOBODY),
    ("user", "sign-out", "kim.lund"),
    ("user", "bulk", "sign-out", "lea", "kim.lund", "--yes", "--json"),
    ("user", "bulk", "disable", "lea", "mira.halvorsen", "--yes"),
    ("user", "bulk", "enable", "lea", "kim.lund", "--yes"),
    ("user", "bulk", "invite", "kim.lund", "--yes"),
    ("user", "bulk", "add-to-group", "lea", "--group", "nothing", "--yes"),
    ("user", "bulk", "add-to-group", "lea", "--yes"),
    ("user", "bulk", "delete", "lea", "--yes"),
    ("user", "import", "people.csv", "--dry-run", "--json"),
    ("user", "import", "people.csv", "--yes"),
    ("user", "imports", "--json"),
    ("user", "import-lines", _NOBODY),
    ("user", "show", "ole", "--json"),
    ("user", "bulk", "delete", "--yes"),
    ("user", "delete", "kim.lund", "--yes"),
    ("user", "delete", "kim.lund", "--yes"),
    ("user", "delete", "mira.halvorsen", "--yes"),
    ("user", "erasures", "--json"),
    ("user", "erase", "ole", "--confirm", "Ole"),
    ("user", "erase", "ole", "--confirm", "ole"),
    ("user", "erase", "mira.halvorsen", "--confirm", "mira.halvorsen"),
    ("user", "erasure", _NOBODY),
    ("user", "erasure", "{erasure}", "--certificate"),
    ("user", "disable", "mira.halvorsen"),
    ("user", "disable", "JON"),
    ("user", "enable", "jon"),
    ("user", "disable", "nobody"),
    ("user", "set-role", "jon", "auditor"),
    ("user", "set-role", "nobody", "auditor"),
    ("user", "list", "--role", "auditor", "--json"),
    ("user", "roles"),
    ("user", "roles", "--json"),
    SIGN_IN_BEGINS,
    ("connection", "create", "hub", "--connector", "nothing"),
    ("connection", "create", "hub", "--connector", "github", "--set", "client_id=a"),
    ("connection", "list", "--json"),
    ("connection", "show", "hub", "--json"),
    ("connection", "update", "hub", "--label", "Work", "--newcomers", "refused"),
    ("connection", "update", "hub", "--newcomers", "everybody"),
    ("connection", "test", "hub", "--json"),
    ("connection", "disable", "hub"),
    ("connection", "delete", "hub", "--yes"),
    ("connection", "delete", "hub", "--yes"),
    ("group", "create", "Staff", "--role", "books:read", "--description", "All"),
    ("group", "create", "STAFF"),
    ("group", "create", "X", "--role", "a b"),
    ("group", "list", "--search", "sta", "--json"),
    ("group", "update", "staff", "--name", "Crew", "--role", "", "--external-id", "x-1"),
    ("group", "update", "Crew"),
    ("group", "add-member", "Crew", "jon"),
    ("group", "add-member", "Crew", "nobody"),
    ("user", "bulk", "add-to-group", "jon", "mira.halvorsen", "--group", "crew", "--yes"),
    ("group", "members", "crew", "--json"),
    ("group", "list", "--user", "jon", "--json"),
    ("group", "list", "--user", "jon", "--search", "x"),
    ("group", "show", "Crew", "--json"),
    ("group", "remove-member", "Crew", "jon"),
    ("group", "remove-member", "Crew", "jon"),
    ("group", "delete", "Crew", "--yes"),
    ("group", "delete", "Crew", "--yes"),
    ("user", "invite", "ada@northwind.example", "--role", "auditor"),
    ("user", "invite", "nobody"),
    ("user", "invitations", "--status", "accepted", "--json"),
    ("user", "resend-invitation", "{invitation}"),
    ("user", "withdraw-invitation", "{invitation}"),
    ("user", "withdraw-invitation", "{invitation}"),
    ("api", "get", "/clients/tv"),
    ("api", "get", "/nothing"),
    ("api", "get", "/clients?limit=0"),
    ("api", "patch", "/clients/tv", "-d", '{"name": "Television"}'),
    ("api", "patch", "/clients/tv", "-d", '{"name": "Television"}', "-H", "If-Match: *"),
    ("api", "delete", "/clients/tv"),
]  # fmt: skip


PEOPLE = """Username;E-mail;Name;Active
ole;ole@northwind.example;Ole Lund;yes
jon;;Jon Dahl;no
o l;;;
"""


def things(cli: Cli, slug: str) -> dict[str, str]:
    """What a tenant has before, by the names that stand for it in the script."""

    def first(*words: str) -> dict[str, str]:
        found: list[dict[str, str]] = cli(*words, "-t", slug, "--json").data
        return found[0]

    return {
        "{kid}": first("keys", "list")["kid"],
        "{token}": first("token", "list", "--client", CLIENT)["jti"],
        "{authorization}": first("authorization", "list")["id"],
        "{session}": first("user", "sessions", "mira.halvorsen")["id"],
        **{
            f"{{{each['operator_name']}}}": each["id"]
            for each in cli("operator-access", "list", "-t", slug, "--json").data
        },
        "{invitation}": first("user", "invitations")["id"],
        "{audit_export}": first("audit", "exports")["id"],
        "{erasure}": first("user", "erasures")["id"],
        "{scim_token}": first("scim-token", "list")["id"],
    }


async def prepare(host: Host, slug: str) -> None:
    """Clients that wait for approval, and one that a person has allowed something."""
    async with installation.opened(host.settings) as parts:
        tenant = await parts.resolver.find(slug)
        assert tenant is not None
        with use_tenant(tenant):
            for name in ("asked-1", "asked-2", "asked-3", "asked-4"):
                draft = ClientDraft(
                    name=name,
                    client_id=name,
                    grant_types=["client_credentials"],
                    status=ClientStatus.PENDING,
                )
                await provisioning.add_client(parts, draft)
            mira = await users.find_by_login("mira.halvorsen")
            assert mira is not None
            await users.set_role(mira.id, UserRole.OWNER)
            await invitations.invite(parts, "jo@northwind.example", UserRole.USER)
            ends_at = utc_now() + timedelta(days=30)
            await scim_tokens.allow_provisioning(
                description="Contoso", now=utc_now(), expires_at=ends_at
            )
            await person_erasures.begin(UUID(int=5), requested_by="system", now=utc_now())
            await consents.grant(mira.id, "fleet-app", ["openid"], now=utc_now())
            nothing = audit_exports.Wanted(
                audit_exports.LogFormat.CSV, bom=False, chosen={"text": "nobody at all"}
            )
            await audit_log.write_here(parts, await audit_log.request(parts, nothing, actor=SYSTEM))
            for number in range(2):
                wanted = Wanted(
                    UUID(int=number + 1), f"op-{number}", UserRole.AUDITOR, "Ticket 1", LONGEST
                )
                await operator_accesses.ask(wanted, now=utc_now())


async def connect(host: Host, slug: str) -> None:
    """A way to sign in elsewhere, by a plugin that is enabled there."""
    async with installation.opened(host.settings) as parts:
        tenant = await parts.resolver.find(slug)
        assert tenant is not None
        setup = ConnectionSetup(connectors=parts.plugins.connectors, encryption=parts.encryption)
        with use_tenant(tenant):
            config = {"client_id": "a", "client_secret": "b"}
            await setup.add(slug="hub", connector="github", config=config)


def wait_until_heard(company: Company, cli: Cli) -> None:
    """Until the server from afar knows what was done at the machine."""
    for _ in range(100):
        told = cli("connection", "types", "-t", company.issuer, "--json").data
        if "github" in {each["connector"] for each in told}:
            return
        time.sleep(0.05)


async def demote(host: Host, slug: str) -> None:
    """Let the owner be an administrator: a machine changes no owner, and who is at the installation
    does."""
    async with installation.opened(host.settings) as parts:
        tenant = await parts.resolver.find(slug)
        assert tenant is not None
        with use_tenant(tenant):
            mira = await users.find_by_login("mira.halvorsen")
            assert mira is not None
            await users.set_role(mira.id, UserRole.ADMIN)


@dataclass(slots=True)
class Doors:
    """The one at the machine, to one company, and the one from afar, to the other."""

    cli: Cli
    near: Company
    far: Company
    here: dict[str, str] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)

    def sign_in(self, *scope: str) -> None:
        """As a person, to both."""
        for company in (self.near, self.far):
            login = self.cli("login", company.issuer, *PERSON, *scope, stdin=f"{PASSWORD}\n")
            assert login.code == 0, login.err

    def look_at_things(self) -> None:
        """What stands for what in the script."""
        self.here = things(self.cli, self.near.slug)
        self.there = things(self.cli, self.far.slug)

    def end_the_same(self, words: Sequence[str], typed: str = "") -> None:
        """Whether a command does, by either."""
        local = [self.here.get(each, each) for each in words]
        remote = [self.there.get(each, each) for each in words]
        ended = self.cli(*local, "-t", self.near.slug, stdin=typed)
        elsewhere = self.cli(*remote, "-t", self.far.issuer, stdin=typed)
        assert without_what_changes(elsewhere) == without_what_changes(ended), words


def test_every_command_ends_the_same_by_either_door_and_every_operation_has_one(
    operator: Cli,
    acme: Company,
    globex: Company,
    live_host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    performed = noted(monkeypatch)
    doors = Doors(operator, acme, globex)
    for company in (acme, globex):
        asyncio.run(prepare(live_host, company.slug))
        assert operator("user", "create", "-t", company.slug, "jon").code == 0
    doors.sign_in()
    for words in OF_OWNERS:
        doors.end_the_same(words, typed="a passphrase for the way\n" if "--json" in words else "")
    for company in (acme, globex):
        asyncio.run(demote(live_host, company.slug))
    # Nor does it enable a token that reaches further than its own.
    doors.sign_in("--scope", " ".join(("openid", "offline_access", *EVERYTHING)))
    doors.look_at_things()
    Path("signing.pem").write_text(SigningKey.make().pem(), encoding="ascii")
    Path("people.csv").write_text(PEOPLE, encoding="utf-8")
    Path("no-key.pem").write_text("-----BEGIN NOTHING-----", encoding="ascii")
    for decision in OF_PEOPLE:
        doors.end_the_same(decision)
    be_machine_of(globex)
    for words in SCRIPT:
        if words == SIGN_IN_BEGINS:
            for company in (acme, globex):
                enabled = operator("tenant", "set", company.slug, "enabled_plugins=github")
                assert enabled.code == 0, enabled.err
                asyncio.run(connect(live_host, company.slug))
            wait_until_heard(globex, operator)
        doors.end_the_same(words)
    without_command = {each.name for each in OPERATIONS} - performed
    assert not without_command  # an operation that is new wants a command, and a line above


def noted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The operations that are performed in this process."""
    performed: set[str] = set()
    perform = Router.perform

    async def note(self: Router, route: Route, caller: Caller, request: MachineRequest) -> Reply:
        performed.add(route.operation.name)
        return await perform(self, route, caller, request)

    monkeypatch.setattr(Router, "perform", note)
    return performed


# --- A person ------------------------------------------------------------------------------------


def test_a_person_signs_in_acts_and_signs_out(mira: Cli, acme: Company) -> None:
    who = mira("whoami", "--json").data
    assert (who["issuer"], who["name"], who["kind"]) == (acme.issuer, "mira.halvorsen", "person")
    assert set(SCOPES) < set(who["scopes"])
    assert mira("client", "show", CLIENT).code == 0
    kept = sign_ins.file()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    before = kept.read_text()
    assert mira("logout").err == f"✓ mira.halvorsen is signed out of {acme.issuer}.\n"
    assert mira("client", "list").code == 2
    kept.write_text(before)
    ended = mira("client", "list")
    assert (ended.code, ended.err) == (
        4,
        f"authgate: The sign-in to {acme.issuer} has ended: authgate login {acme.issuer}\n",
    )


def test_a_token_that_has_ended_or_is_refused_is_renewed(mira: Cli, acme: Company) -> None:
    with sign_ins.changing() as kept:
        first = kept.by_place[acme.issuer]
        kept.keep(replace(first, expires_at=0.0))
    assert mira("client", "list").code == 0
    second = sign_ins.remembered().by_place[acme.issuer]
    assert second.refresh_token != first.refresh_token
    with sign_ins.changing() as kept:
        kept.keep(replace(second, access_token="x.y.z"))
    assert mira("whoami").code == 0
    assert sign_ins.remembered().by_place[acme.issuer].access_token != "x.y.z"


def test_ti_a_token_of_one_tenant_opens_no_other(mira: Cli, acme: Company, globex: Company) -> None:
    with sign_ins.changing() as kept:
        stolen = replace(kept.by_place[acme.issuer], issuer=globex.issuer)
        kept.keep(stolen)
    ended = mira("client", "list", "--issuer", globex.issuer)
    assert ended.code == 4
    assert ended.out == ""


def test_who_is_signed_in_nowhere_is_told_how_to(command: Cli, acme: Company) -> None:
    ended = command("whoami", "--issuer", acme.issuer)
    said = f"authgate: Nobody is signed in to {acme.issuer}: authgate login {acme.issuer}\n"
    assert (ended.code, ended.err) == (4, said)
    assert command("logout").err == "Nobody is signed in.\n"
    ended = command("login", acme.issuer, "--client-id", "nobody", *PERSON, stdin=PASSWORD)
    assert ended.code == 4
    assert "nobody has to be a client of the tenant" in ended.err


def test_a_scope_that_was_not_granted_is_named(command: Cli, acme: Company) -> None:
    reader = ("--scope", "openid profile authgate:clients:read")
    assert command("login", acme.issuer, *PERSON, *reader, stdin=f"{PASSWORD}\n").code == 0
    ended = command("client", "disable", CLIENT)
    assert ended.code == 4
    assert "authgate:clients:write" in ended.err


# --- A machine -----------------------------------------------------------------------------------


def test_a_machine_acts_by_its_environment(machine: Cli, acme: Company, tmp_path: Path) -> None:
    who = machine("whoami", "--json").data
    assert (who["kind"], who["client_id"], who["issuer"]) == ("machine", MACHINE, acme.issuer)
    made = machine("client", "create", "--name", "J", "--grant", "client_credentials", "--json")
    assert made.data["client_secret"].startswith("agsec_")
    (tmp_path / "secret").write_text(f"{os.environ.pop('AUTHGATE_CLIENT_SECRET')}\n")
    assert machine("client", "list").code == 2
    os.environ["AUTHGATE_CLIENT_SECRET_FILE"] = str(tmp_path / "secret")
    assert machine("client", "list").code == 0
    os.environ["AUTHGATE_CLIENT_SECRET"] = "wrong"
    ended = machine("client", "list")
    assert ended.code == 4
    assert ended.err.startswith(f"authgate: {acme.issuer} gives {MACHINE} no token: ")


def test_a_machine_s_secret_is_told_to_its_own_issuer_alone(machine: Cli, globex: Company) -> None:
    ended = machine("client", "list", "--issuer", globex.issuer)
    assert (ended.code, ended.out) == (4, "")
    assert "Nobody is signed in" in ended.err
    del os.environ["AUTHGATE_ISSUER"]
    assert machine("client", "list", "--issuer", globex.issuer).code == 2


def test_lists_go_on_by_cursors(machine: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_api, "_FULL_PAGE", 2)
    every = machine("client", "list", "--all", "--json").data
    assert len({each["client_id"] for each in every}) == len(every) >= 5
    some = machine("client", "list", "--limit", "3", "--json")
    assert some.data == every[:3]
    assert some.err == "There are more: --all shows them.\n"


def test_the_raw_door_shows_what_is_answered(machine: Cli) -> None:
    shown = machine("api", "get", "clients/terraform", "-i")
    head, _, body = shown.out.partition("\n\n")
    assert head.startswith("200\n")
    assert "\netag: " in head
    assert json.loads(body)["client_id"] == MACHINE
    body = '{"name": "x", "grant_types": ["client_credentials"], "client_id": "made-raw"}'
    assert machine("api", "POST", "/clients", "-d", "-", stdin=body).data["client_secret"]
    for words in (("-d", "@nowhere"), ("-H", "If-Match")):
        assert machine("api", "post", "/clients", *words).code == 2


# --- By a key ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(live_host: Host) -> str:
    """The issuer of a tenant with the FAPI profile."""
    return asyncio.run(_strict(live_host))


async def _strict(host: Host) -> str:
    company = await _founded(host, "strict")
    async with installation.opened(host.settings) as parts:
        tenant = await parts.resolver.find("strict")
        assert tenant is not None
        chosen = {"security_profile": "fapi2"}
        await provisioning.change_tenant(parts, tenant, change=lambda known: known.changed(chosen))
    return company.issuer


def with_key(operator: Cli, client_id: str, grants: Sequence[str], jwks: Path) -> None:
    """Have an operator make a client that proves itself by a key."""
    options = [word for each in grants for word in ("--grant", each)]
    scopes = ("--scope", " ".join(("openid", "profile", "offline_access", *SCOPES)))
    for words in (
        ("create", "--id", client_id, "--name", "By key", *options, *scopes),
        ("set", client_id, "token_endpoint_auth_method=private_key_jwt", f"jwks=@{jwks}"),
    ):
        ended = operator("client", *words, "-t", "strict")
        assert ended.code == 0, ended.err


def test_a_person_acts_by_this_machine_s_key_where_a_tenant_demands_one(
    operator: Cli, strict: str, tmp_path: Path
) -> None:
    shown = operator("public-key", strict)
    assert operator("public-key", strict).data == shown.data, "it is made once"
    assert "d" not in shown.data["keys"][0]
    (tmp_path / "cli.jwks").write_text(shown.out)
    with_key(operator, "by-key", ["device_code", "refresh_token"], tmp_path / "cli.jwks")
    login = ("login", strict, *PERSON, "--client-id", "by-key")
    assert operator(*login, stdin=f"{PASSWORD}\n").code == 4, "it has no secret to go by"
    ended = operator(*login, "--key", stdin=f"{PASSWORD}\n")
    assert ended.code == 0, ended.err
    assert operator("whoami", "--json").data["client_id"] == "by-key"
    made = operator("client", "create", "--name", "J", "--grant", "client_credentials")
    assert made.code == 0, made.err
    made = operator(
        "client", "create", "--name", "C", "--grant", "client_credentials", "--id", "a:b"
    )
    assert made.code == 0, made.err
    assert operator("client", "show", "a:b").code == 0, "its path is sent escaped"
    first = sign_ins.remembered().by_place[strict]
    with httpx2.Client() as http:
        stolen = {"Authorization": f"Bearer {first.access_token}"}
        answer = http.get(f"{strict}/api/v1/clients", headers=stolen)
        assert answer.status_code == 401, "a token is worth nothing without the key"
    with sign_ins.changing() as kept:
        kept.keep(replace(first, expires_at=0.0))
    assert operator("client", "list").code == 0
    assert sign_ins.remembered().by_place[strict].access_token != first.access_token
    assert operator("logout").code == 0
    assert sign_ins.remembered().keys, "the client knows it still"
    assert operator("logout", "--all").code == 0
    assert not sign_ins.remembered().keys
    ended = operator(*login, "--key", stdin=f"{PASSWORD}\n")
    assert (ended.code, "This machine has no key" in ended.err) == (4, True)


def test_a_machine_acts_by_the_key_in_a_file(
    operator: Cli, strict: str, acme: Company, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    shown = operator("public-key", "--file", str(key))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert operator("public-key", "--file", str(key)).data == shown.data
    (tmp_path / "ci.jwks").write_text(shown.out)
    with_key(operator, "ci", ["client_credentials"], tmp_path / "ci.jwks")
    os.environ["AUTHGATE_ISSUER"] = strict
    os.environ["AUTHGATE_CLIENT_ID"] = "ci"
    os.environ["AUTHGATE_CLIENT_KEY_FILE"] = str(key)
    assert operator("whoami", "--json").data["client_id"] == "ci"
    assert operator("client", "list").code == 0
    ended = operator("client", "list", "--issuer", acme.issuer)
    assert (ended.code, ended.out) == (4, ""), "another tenant is asked by nobody"
    key.write_text("no key")
    assert operator("client", "list").code == 1
    assert operator("public-key", "--file", str(key)).code == 1
    assert operator("public-key").code == 2
    assert operator("login", "--key", "--demo").code == 2


# --- Where a token may go ------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ["http://id.example/t/acme", "ftp://id.example", "https://"])
def test_only_https_and_this_machine_are_told_a_token(command: Cli, issuer: str) -> None:
    for words in (
        ("client", "list", "--issuer", issuer),
        ("login", issuer),
        ("whoami", "-t", issuer),
    ):
        assert command(*words).code == 2


def test_an_issuer_that_would_be_told_codes_in_the_open_is_refused() -> None:
    good = {
        "device_authorization": f"{ISSUER}/d",
        "token": f"{ISSUER}/t",
        "userinfo": f"{ISSUER}/u",
    }
    assert _trusted(Endpoints(issuer=ISSUER, **good)).issuer == ISSUER
    for name in (*good, "revocation"):
        with pytest.raises(Misused, match="is not https"):
            _trusted(Endpoints(issuer=ISSUER, **{**good, name: "http://id.example/x"}))


def test_a_sign_in_is_forgotten_though_nobody_can_end_it(own_sign_in: SignIn, command: Cli) -> None:
    away = f"http://localhost:{free_port()}"
    with sign_ins.changing() as kept:
        kept.keep(replace(own_sign_in, revocation_endpoint=f"{away}/revoke"))
    ended = command("logout", "--all")
    assert ended.code == 6
    assert ended.err.startswith(f"authgate: Nobody answers at {away} ")
    assert f"still good at the server: end it at {ISSUER}/account/sessions." in ended.err
    assert sign_ins.remembered().by_place == {}
    sign_ins.file().write_text("[]")
    assert command("whoami").err.endswith("cannot be read: remove it, and sign in anew.\n")


def test_the_log_is_followed_from_anywhere(machine: Cli, acme: Company) -> None:
    tail = ("audit", "tail", "-t", acme.issuer)
    machine("scope", "create", "followed:first", "--title", "Followed")
    ended = machine(*tail, "-n", "9", "--json")
    assert "followed:first" in [each["resource"]["id"] for each in ended.data], ended.err
    with subprocess.Popen(
        [sys.executable, "-m", "authgate", *tail, "-f", "-n", "1", "-o", "json"],
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as follow:
        assert follow.stdout is not None
        told = [json.loads(follow.stdout.readline())]
        machine("scope", "create", "followed:next", "--title", "Followed")
        told += told_until("followed:next", follow.stdout)
        follow.send_signal(signal.SIGINT)
        assert follow.wait(10) == 0
    assert len({each["id"] for each in told}) == len(told), "each once"
    assert told == sorted(told, key=itemgetter("occurred_at")), "nothing older than the first"


def told_until(resource: str, lines: IO[str]) -> list[dict[str, Any]]:
    """The events up to the one about this."""
    told = []
    for line in lines:
        told.append(json.loads(line))
        if told[-1]["resource"]["id"] == resource:
            return told
    raise AssertionError(told)


def test_what_only_operators_do_says_so(operator: Cli, acme: Company) -> None:
    ended = operator("audit", "checkpoint", "-t", acme.issuer)
    said = "authgate: Only operators of the installation do this: name the tenant by its slug.\n"
    assert (ended.code, ended.err) == (2, said)


class Pretended:
    """A server that answers as it is told, and what it was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.asked: list[httpx2.Request] = []
        self._answers = list(answers)
        self.waited: list[float] = []
        http = httpx2.Client(transport=httpx2.MockTransport(self._answer))
        self.door = RemoteDoor(ISSUER, Always(), http, sleep=self.waited.append)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Always:
    """Whoever has a token."""

    def token(self, *, rejected: str | None = None) -> str:
        """Another one each time that one was refused."""
        return "second" if rejected else "first"

    def shown(self, token: str) -> httpx2.Auth:
        """By itself."""
        return Plain().with_token(token)


ISSUER = "https://id.example/t/acme"
DONE = httpx2.Response(200, json={})


def test_a_redirect_is_not_followed() -> None:
    elsewhere = httpx2.Response(307, headers={"location": "https://evil.example/api/v1/clients"})
    server = Pretended(elsewhere)
    with pytest.raises(Failure, match=r"leads to https://evil\.example"):
        AdminApi(server.door).get("/clients")
    assert len(server.asked) == 1


def test_what_may_be_asked_again_is_asked_again_with_the_same_key() -> None:
    server = Pretended(
        httpx2.ReadError("lost"), httpx2.Response(503, headers={"retry-after": "2"}), DONE
    )
    AdminApi(server.door).post("/clients", {})
    keys = {each.headers["idempotency-key"] for each in server.asked}
    assert (len(server.asked), len(keys)) == (3, 1)
    assert server.waited == [0.2, 2.0]


def test_a_change_whose_answer_was_lost_is_not_made_again() -> None:
    tagged = httpx2.Response(200, json={}, headers={"etag": '"1"'})
    server = Pretended(tagged, httpx2.ReadError("lost"))
    with pytest.raises(Unhealthy, match=r"Nobody answers at https://id\.example"):
        AdminApi(server.door).change("/clients/x", {})
    assert [each.headers.get("if-match") for each in server.asked] == [None, '"1"']


def test_a_token_that_is_refused_is_replaced_once() -> None:
    refused = {"kind": "token-required", "detail": "It has ended."}
    server = Pretended(httpx2.Response(401, json=refused), httpx2.Response(401, json=refused))
    with pytest.raises(NotAllowed, match="It has ended"):
        AdminApi(server.door).get("/clients")
    sent = [each.headers["authorization"] for each in server.asked]
    assert sent == ["Bearer first", "Bearer second"]


def test_of_commands_that_run_together_one_refreshes(own_sign_in: SignIn) -> None:
    refreshed: list[str] = []
    another = Event()

    def answer(request: httpx2.Request) -> httpx2.Response:
        refreshed.append(request.content.decode())
        if len(refreshed) > 1:
            another.set()
        another.wait(0.3)  # for whoever would come as well
        told = {"access_token": "new", "expires_in": 300, "refresh_token": "next"}
        return httpx2.Response(200, json=told)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda _: Person(own_sign_in.issuer, http).token(), range(4)))
    assert set(tokens) == {"new"}
    assert len(refreshed) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"error": "invalid_grant", "error_description": "It was used."}, "to .* has ended: auth"),
        ({"error": "invalid_client", "error_description": "Who?"}, r"cannot be renewed: Who\?"),
        (["nonsense"], r"cannot be renewed: it answers 400\."),
    ],
)
def test_a_sign_in_has_ended_only_where_the_server_says_so(
    own_sign_in: SignIn, said: object, words: str
) -> None:
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(400, json=said)))
    with pytest.raises(NotAllowed, match=words):
        Person(own_sign_in.issuer, http).token()


@pytest.fixture
def own_sign_in() -> SignIn:
    """A sign-in whose access token has ended."""
    made = SignIn(
        issuer=ISSUER, client_id=CLIENT, name="mira", scope="", access_token="old", expires_at=0.0,
        refresh_token="first", token_endpoint=f"{ISSUER}/oauth/token", revocation_endpoint=None,
    )  # fmt: skip
    with sign_ins.changing() as kept:
        kept.keep(made)
    return made
