"""What the doctor sees in the settings alone, with nothing opened."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from authgate import secret_files
from authgate.cli.findings import Finding, problem, warning, well
from authgate.settings import Settings

_PREFIX = "AUTHGATE_"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def read() -> tuple[Settings | None, list[Finding]]:
    """The settings, if they can be read, and what is wrong with them."""
    unknown = list(_unknown_variables(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        return None, [*unknown, *_complaints(error)]
    except (SettingsError, tomllib.TOMLDecodeError) as error:
        return None, [*unknown, problem("settings", str(error), "Correct its spelling.")]
    return settings, unknown or [well("settings", "every name is known, every value fits")]


def address(settings: Settings) -> Finding:
    """Where people and clients reach the installation."""
    url = urlsplit(settings.base_url)
    found = f"{settings.base_url}, profile {settings.profile}"
    if url.scheme == "https":
        return well("address", found)
    if url.hostname not in _LOOPBACK:
        return problem(
            "address",
            f"{found}: passwords would travel in the clear",
            "Serve https, set base_url to it, and set profile to prod.",
        )
    if url.port != settings.server.port and not settings.server.trusted_proxies:
        return warning(
            "address",
            f"{found}, but the server listens on port {settings.server.port}",
            "Set base_url to the address that browsers use.",
        )
    return well("address", found)


def processes(settings: Settings) -> Finding:
    """Whether what several processes must share is shared."""
    workers, runner = settings.server.workers, settings.jobs.runner
    found = f"{workers} of {settings.server.kind}, jobs {runner}"
    if settings.database.is_sqlite and settings.profile == "prod":
        return warning(
            "processes",
            f"{found}, SQLite: two walls between tenants, one process",
            "Use PostgreSQL, which adds row-level security.",
        )
    if workers > 1 and settings.redis_url is None:
        return warning(
            "processes",
            f"{found}, without Redis: each process keeps its own limits and caches",
            "Set redis_url, so that limits are exact and changes are seen at once.",
        )
    return well("processes", found)


def known_names(section: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Every setting and section by its full name, as ``database.url``."""
    for name, field in section.model_fields.items():
        yield f"{prefix}{name}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from known_names(kind, f"{prefix}{name}.")


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    known = {*known_names(), *(f"{name}_file" for name in secret_files.names(Settings))}
    for variable in sorted(environment):
        name = variable.upper().removeprefix(_PREFIX).lower().replace("__", ".")
        if variable.upper().startswith(_PREFIX) and name not in known:
            yield _unknown(variable, like=_variable(_nearest(name)))


def _complaints(error: ValidationError) -> Iterator[Finding]:
    for each in error.errors(include_input=False, include_url=False):
        name = ".".join(map(str, each["loc"]))
        if each["type"] != "extra_forbidden":
            what = f"setting {name}" if name else "settings"
            yield problem(what, each["msg"].removeprefix("Value error, "), "Correct its value.")
        elif _variable(name) not in os.environ:
            yield _unknown(f"{name} in authgate.toml", like=_nearest(name))


def _unknown(name: str, *, like: str) -> Finding:
    cure = f"Did you mean {like}?" if like else "Remove it."
    return problem("settings", f"{name} is no setting, and does nothing", cure)


def _nearest(name: str) -> str:
    return next(iter(get_close_matches(name, known_names(), n=1)), "")


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper().replace('.', '__')}" if name else ""
