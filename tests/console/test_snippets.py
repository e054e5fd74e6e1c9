"""Lines that people paste and run: whatever a client says of itself is only a text in them."""

import ast
import subprocess
from dataclasses import replace
from uuid import UUID

import pytest

from authgate.admin.console.client_kinds import BEGINNINGS, GRANTS
from authgate.admin.console.snippets import snippets
from authgate.clock import utc_now
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import Client
from authgate.storage.clients.secrets import ClientSecrets
from authgate.vocabulary import ApplicationType, ClientStatus, ConsentPolicy
from authgate.web.console_view_models import ClientKind
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant

HOSTILE = "a'\"$(id)`id`\\;#{{x}}"
ACME = Tenant(
    id=UUID(int=1),
    slug="acme",
    name="Acme",
    status=TenantStatus.ACTIVE,
    issuer="https://id.test/t/acme",
    prefix="/t/acme",
    settings=TenantSettings(),
)
CLIENT = Client(
    id=UUID(int=2),
    tenant_id=ACME.id,
    client_id=HOSTILE,
    name="Acme",
    description="",
    secrets=ClientSecrets(),
    authentication_methods=frozenset({"client_secret_basic"}),
    grant_types=frozenset(),
    scopes=("it's", "$(id)"),
    status=ClientStatus.ACTIVE,
    redirect_uris=("https://app.example/cb?a=$(id)&b='",),
    application_type=ApplicationType.WEB,
    consent=ConsentPolicy.REMEMBERED,
    pkce_optional=False,
    introspects=False,
    first_party=False,
    unauthenticated_device_grant=False,
    project="",
    service_account="",
    metadata=ClientMetadata(),
    owner_id=None,
    expires_at=None,
    not_before=None,
    created_at=utc_now(),
    updated_at=utc_now(),
)
# Tells its arguments, one on each line, instead of asking anybody.
PRETEND_CURL = "curl() { printf '%s\\n' \"$@\"; }\nCLIENT_SECRET=s3cret CODE=c0de DEVICE_CODE=d\n"


def lines(kind: ClientKind) -> dict[str, str]:
    begun = BEGINNINGS[kind]
    client = replace(
        CLIENT,
        grant_types=frozenset({GRANTS[begun.grant]}),
        application_type=begun.application_type,
        authentication_methods=frozenset({"none" if begun.public else "client_secret_basic"}),
    )
    with use_tenant(ACME):
        return {each.language: each.code for each in snippets(client)}


@pytest.mark.parametrize("kind", list(ClientKind))
def test_the_shell_is_given_texts_and_no_commands(kind: ClientKind) -> None:
    ended = subprocess.run(
        ["bash", "-euc", PRETEND_CURL + lines(kind)["curl"]],
        capture_output=True,
        text=True,
        check=True,
    )
    said = ended.stdout.splitlines()
    if BEGINNINGS[kind].public:
        assert f"client_id={HOSTILE}" in said
    else:
        user = said[said.index("--user") + 1]
        assert user.startswith("a%27%22%24%28id%29")
        assert user.endswith(":s3cret")
    assert "uid=" not in ended.stdout
    assert "https://id.test/t/acme/oauth/token" in said


@pytest.mark.parametrize("kind", list(ClientKind))
def test_each_language_is_given_the_text_to_the_letter(kind: ClientKind) -> None:
    told = lines(kind)
    assert list(told) == ["curl", "Python", "JavaScript", "Go"]
    constants = [
        node.value for node in ast.walk(ast.parse(told["Python"])) if isinstance(node, ast.Constant)
    ]
    assert HOSTILE in constants
    for language in ("JavaScript", "Go"):
        # A string of JSON, whose every quote and backslash is escaped, is one of theirs.
        assert r'"a' + r"'\"$(id)`id`\\;#{{x}}" + '"' in told[language]
        assert (
            "undefined, client.None()" in told[language]
            or language == "Go"
            or ("CLIENT_SECRET" in told[language])
        )
