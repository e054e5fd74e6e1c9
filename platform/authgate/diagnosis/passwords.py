"""Passwords of services and tokens that others know or could guess."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.settings import Settings
from authgate_tenants.key_encryption import PLACEHOLDERS

PLACEHOLDER_SECRET = Misconfiguration(
    code="placeholder-secret",
    area=Area.SECRETS,
    wrong="A password or token stands in an example, or is made of the words of one.",
    why="Whoever attacks tries these first.",
    cure="Make another one with `openssl rand -hex 24`, and set it here and where it is asked for.",
    refused=True,
)
WEAK_SECRET = Misconfiguration(
    code="weak-secret",
    area=Area.SECRETS,
    wrong="A password or token is shorter than 16 characters, or repeats itself.",
    why="Nobody types it, so nothing speaks for one that can be guessed.",
    cure="Make another one with `openssl rand -hex 24`, and set it here and where it is asked for.",
    refused=True,
)
OWNER_AT_HAND = Misconfiguration(
    code="owner-at-hand",
    severity=Severity.WARNING,
    area=Area.SECRETS,
    wrong="`database.owner_url` is set where servers read their settings.",
    why="The owner of the tables is held back by no wall between tenants; only `authgate migrate`"
    " needs it.",
    cure="Give `AUTHGATE_DATABASE__OWNER_URL` to `authgate migrate` alone.",
)

_LEAST_CHARACTERS = 16
_LEAST_DIFFERENT = 6
_LEAST_BESIDE_WORDS = 24


def findings(settings: Settings) -> Iterator[Finding]:
    """Those of the ``prod`` profile; a developer's own services may have any."""
    if settings.profile != "prod":
        return
    for name, secret in _secrets(settings):
        if _is_placeholder(secret):
            yield PLACEHOLDER_SECRET.found(name)
        elif len(secret) < _LEAST_CHARACTERS or len(set(secret)) < _LEAST_DIFFERENT:
            yield WEAK_SECRET.found(name)
    if settings.database.owner_url is not None:
        yield OWNER_AT_HAND.found("database.owner_url is set here")


def _is_placeholder(secret: str) -> bool:
    # A random one may hold such a word by chance, and enough besides.
    rest = PLACEHOLDERS.sub("", secret)
    return rest != secret and len(rest) < _LEAST_BESIDE_WORDS


def _secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.metrics_token is not None:
        yield "metrics_token", settings.metrics_token.get_secret_value()
    database, jobs = settings.database, settings.jobs
    urls: dict[str, SecretStr | None] = {
        "database.url": None if database.is_sqlite else database.url,
        "database.owner_url": database.owner_url,
        "database.append_url": database.append_url,
        "database.sweep_url": database.sweep_url,
        "redis_url": settings.redis_url,
        "jobs.broker_url": jobs.broker_url,
    }
    for name, url in urls.items():
        password = urlsplit(url.get_secret_value()).password if url else None
        if password:
            yield f"the password in {name}", unquote(password)
