"""Whoever comes from AuthGate (Go) finds each of its variables, and commands that work."""

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import httpx2
import pytest
from pydantic import BaseModel

from authgate.cli.command_line import COMMANDS
from authgate.settings import Settings
from authgate_tenants.settings import TenantSettings
from authgate_testing import former
from authgate_testing.installed import Installed, environment
from authgate_testing.pages import commands
from authgate_testing.processes import free_port

VARIABLES = frozenset(
    """
    AUDIT_LOG_BUFFER_SIZE AUDIT_LOG_CLEANUP_INTERVAL AUDIT_LOG_RETENTION
    AUDIT_SHUTDOWN_TIMEOUT AUTH_CODE_EXPIRATION AUTH_MODE BASE_URL CACHE_CLOSE_TIMEOUT
    CACHE_INIT_TIMEOUT CLIENT_CACHE_CLIENT_TTL CLIENT_CACHE_SIZE_PER_CONN CLIENT_CACHE_TTL
    CLIENT_CACHE_TYPE CLIENT_COUNT_CACHE_CLIENT_TTL CLIENT_COUNT_CACHE_SIZE_PER_CONN
    CLIENT_COUNT_CACHE_TTL CLIENT_COUNT_CACHE_TYPE CLIENT_CREDENTIALS_TOKEN_EXPIRATION
    CONSENT_REMEMBER CORS_ALLOWED_HEADERS CORS_ALLOWED_METHODS CORS_ALLOWED_ORIGINS
    CORS_ENABLED CORS_MAX_AGE DATABASE_DRIVER DATABASE_DSN DATABASE_PATH DB_CLOSE_TIMEOUT
    DB_CONN_MAX_IDLE_TIME DB_CONN_MAX_LIFETIME DB_INIT_TIMEOUT DB_LOG_LEVEL DB_MAX_IDLE_CONNS
    DB_MAX_OPEN_CONNS DEFAULT_ADMIN_PASSWORD DEVICE_CODE_RATE_LIMIT DEVICE_VERIFY_RATE_LIMIT
    DYNAMIC_CLIENT_REGISTRATION_RATE_LIMIT DYNAMIC_CLIENT_REGISTRATION_TOKEN
    ENABLE_AUDIT_LOGGING ENABLE_DYNAMIC_CLIENT_REGISTRATION ENABLE_EXPIRED_TOKEN_CLEANUP
    ENABLE_RATE_LIMIT ENABLE_REFRESH_TOKENS ENABLE_SWAGGER ENABLE_TOKEN_ROTATION ENVIRONMENT
    EXPIRED_TOKEN_CLEANUP_INTERVAL EXTRA_CLAIMS_ENABLED EXTRA_CLAIMS_MAX_KEYS
    EXTRA_CLAIMS_MAX_RAW_SIZE EXTRA_CLAIMS_MAX_VAL_SIZE GITEA_CLIENT_ID GITEA_CLIENT_SECRET
    GITEA_OAUTH_ENABLED GITEA_REDIRECT_URL GITEA_SCOPES GITEA_URL GITHUB_CLIENT_ID
    GITHUB_CLIENT_SECRET GITHUB_OAUTH_ENABLED GITHUB_REDIRECT_URL GITHUB_SCOPES
    GITLAB_CLIENT_ID GITLAB_CLIENT_SECRET GITLAB_OAUTH_ENABLED GITLAB_REDIRECT_URL
    GITLAB_SCOPES GITLAB_URL HTTP_API_AUTH_HEADER HTTP_API_AUTH_MODE HTTP_API_AUTH_SECRET
    HTTP_API_INSECURE_SKIP_VERIFY HTTP_API_MAX_RETRIES HTTP_API_MAX_RETRY_DELAY
    HTTP_API_RETRY_DELAY HTTP_API_TIMEOUT HTTP_API_URL INTROSPECT_RATE_LIMIT JWT_AUDIENCE
    JWT_DOMAIN JWT_EXPIRATION JWT_EXPIRATION_JITTER JWT_EXPIRATION_MAX JWT_KEY_ID
    JWT_PRIVATE_CLAIM_PREFIX JWT_PRIVATE_KEY_PATH JWT_PRIVATE_KEY_PEM JWT_SECRET
    JWT_SIGNING_ALGORITHM LOGIN_RATE_LIMIT METRICS_CACHE_CLIENT_TTL
    METRICS_CACHE_SIZE_PER_CONN METRICS_CACHE_TYPE METRICS_ENABLED
    METRICS_GAUGE_UPDATE_ENABLED METRICS_GAUGE_UPDATE_INTERVAL METRICS_TOKEN
    MICROSOFT_CLIENT_ID MICROSOFT_CLIENT_SECRET MICROSOFT_OAUTH_ENABLED MICROSOFT_REDIRECT_URL
    MICROSOFT_SCOPES MICROSOFT_TENANT_ID OAUTH_AUTO_REGISTER OAUTH_INSECURE_SKIP_VERIFY
    OAUTH_TIMEOUT PKCE_REQUIRED RATE_LIMIT_CLEANUP_INTERVAL RATE_LIMIT_STORE REDIS_ADDR
    REDIS_CLOSE_TIMEOUT REDIS_CONN_TIMEOUT REDIS_DB REDIS_PASSWORD REFRESH_TOKEN_EXPIRATION
    REFRESH_TOKEN_EXPIRATION_MAX SERVER_ADDR SERVER_SHUTDOWN_TIMEOUT SESSION_FINGERPRINT
    SESSION_FINGERPRINT_IP SESSION_IDLE_TIMEOUT SESSION_MAX_AGE SESSION_REMEMBER_ME_ENABLED
    SESSION_REMEMBER_ME_MAX_AGE SESSION_SECRET STATIC_CACHE_MAX_AGE TLS_CERT_FILE TLS_KEY_FILE
    TOKEN_CACHE_CLIENT_TTL TOKEN_CACHE_ENABLED TOKEN_CACHE_SIZE_PER_CONN TOKEN_CACHE_TTL
    TOKEN_CACHE_TYPE TOKEN_PROFILE_LONG_ACCESS_TTL TOKEN_PROFILE_LONG_REFRESH_TTL
    TOKEN_PROFILE_SHORT_ACCESS_TTL TOKEN_PROFILE_SHORT_REFRESH_TTL
    TOKEN_PROFILE_STANDARD_ACCESS_TTL TOKEN_PROFILE_STANDARD_REFRESH_TTL TOKEN_RATE_LIMIT
    USER_CACHE_CLIENT_TTL USER_CACHE_SIZE_PER_CONN USER_CACHE_TTL USER_CACHE_TYPE
    """.split()
)
"""Everything that version 0.30 of AuthGate reads from its environment."""

_ROW = re.compile(r"^\| (`[A-Z][A-Z_, `]+`) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page."""
    return (repository / "docs/migrate.md").read_text()


@pytest.fixture(scope="module")
def rows(page: str) -> list[tuple[list[str], str, str]]:
    """Variables there, what they are here, and how."""
    return [(_CODE.findall(there), here, how) for there, here, how in _ROW.findall(page)]


def test_there_are_as_many_variables_as_the_reference_has() -> None:
    assert len(VARIABLES) == 145


def test_every_variable_has_its_one_row(rows: list[tuple[list[str], str, str]]) -> None:
    listed = [name for there, _, _ in rows for name in there]
    assert sorted(listed) == sorted(VARIABLES)


def test_what_a_variable_is_here_exists(rows: list[tuple[list[str], str, str]]) -> None:
    known = {*_settings(Settings), *(field.name for field in fields(TenantSettings))}
    wrong = []
    for there, here, how in rows:
        if here in ("not needed", "not yet"):
            continue
        named = _CODE.findall(here)
        assert named, there
        is_whole = re.sub(r"`[^`]+`(, )?", "", here) == ""
        commands = {each for each in named if each.removeprefix("authgate ").split()[0] in COMMANDS}
        if not is_whole or set(named) - known - commands:
            wrong.append(f"{there}: {here} | {how}")
    assert not wrong


def test_what_is_not_needed_says_why(rows: list[tuple[list[str], str, str]]) -> None:
    silent = [there for there, here, how in rows if here.startswith("not ") and not how]
    assert not silent


def _settings(model: type[BaseModel], prefix: str = "") -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _settings(kind, f"{prefix}{name}.")
        else:
            names.append(f"{prefix}{name}")
    return names


def test_clients_keep_their_issuer_id_and_secret_and_people_their_sub(
    page: str, tmp_path: Path
) -> None:
    [script] = commands(page)
    port = str(free_port())
    base_url = f"http://localhost:{port}"
    installed = Installed(
        tmp_path, {"SERVER__PORT": port, "BASE_URL": base_url, "DEFAULT_TENANT": "main"}
    )
    former.on_sqlite(tmp_path / "oauth.db")
    given = environment(installed.variables)
    given["PATH"] = f"{Path(sys.executable).parent}:{given['PATH']}"
    installed.run("migrate")
    subprocess.run(["sh", "-euc", script], env=given, cwd=tmp_path, check=True)
    people = json.loads(installed.run("user", "list", "-t", "main", "--json").stdout)
    assert {each["id"] for each in people} == {former.ADA, former.BOB, former.EVE}
    with installed.running("serve"):
        installed.answers()
        metadata = httpx2.get(f"{base_url}/.well-known/openid-configuration").json()
        assert metadata["issuer"] == base_url
        form = {"grant_type": "client_credentials", "client_id": former.MACHINE}
        issued = httpx2.post(
            metadata["token_endpoint"], data=form | {"client_secret": former.SECRET}
        ).json()
        assert issued["token_type"] == "Bearer"
