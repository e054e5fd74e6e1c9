"""Settings that nobody knows, that do not fit, or that cannot be read."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from authgate import secret_files
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, well
from authgate.secret_files import SecretFileError
from authgate.settings import SQLITE_SEVERAL_WORKERS, Settings

UNKNOWN_SETTING = Misconfiguration(
    code="unknown-setting",
    area=Area.SETTINGS,
    wrong="A variable that begins with `AUTHGATE_`, or a name in `authgate.toml`, is no setting.",
    why="It does nothing, and what it was meant for stays as it is by default.",
    cure="Correct its name, or take it out.",
)
INVALID_SETTING = Misconfiguration(
    code="invalid-setting",
    area=Area.SETTINGS,
    wrong="The value of a setting does not fit.",
    why="Nothing starts with it.",
    cure="Correct its value: `authgate config show` lists what the others are.",
)
UNREADABLE_SETTINGS = Misconfiguration(
    code="unreadable-settings",
    area=Area.SETTINGS,
    wrong="`authgate.toml` is no TOML, or a list in the environment is no JSON.",
    why="Nothing starts with it.",
    cure="Correct its spelling.",
)
UNREADABLE_SECRET_FILE = Misconfiguration(
    code="unreadable-secret-file",
    area=Area.SECRETS,
    wrong="A file that a variable ending in `_FILE` names is missing, empty or no text.",
    why="Nothing starts with it.",
    cure="Put the secret into the file, readable by the user that runs AuthGate.",
)
SQLITE_WORKERS = Misconfiguration(
    code="sqlite-several-workers",
    area=Area.DATABASE,
    wrong="`server.workers` is above 1 with SQLite.",
    why="SQLite has one writer at a time, and processes beside each other would keep limits and"
    " caches of their own. Nothing starts with it, whatever the profile.",
    cure="Set `server.workers = 1`, or use PostgreSQL.",
    refused=True,
)

_PREFIX = "AUTHGATE_"


def read() -> tuple[Settings | None, list[Finding]]:
    """The settings, if they can be read, and what is wrong with them."""
    unknown = list(_unknown_variables(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        return None, [*unknown, *_complaints(error)]
    except SecretFileError as error:
        return None, [*unknown, UNREADABLE_SECRET_FILE.found(str(error).removesuffix("."))]
    except (SettingsError, tomllib.TOMLDecodeError) as error:
        return None, [*unknown, UNREADABLE_SETTINGS.found(str(error))]
    return settings, unknown or [well(Area.SETTINGS, "every name is known, every value fits")]


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
        if each["type"] == SQLITE_SEVERAL_WORKERS:
            yield SQLITE_WORKERS.found(each["msg"])
        elif each["type"] != "extra_forbidden":
            message = each["msg"].removeprefix("Value error, ")
            yield INVALID_SETTING.found(f"{name}: {message}" if name else message)
        elif _variable(name) not in os.environ:
            yield _unknown(f"{name} in authgate.toml", like=_nearest(name))


def _unknown(name: str, *, like: str) -> Finding:
    return UNKNOWN_SETTING.found(f"{name}: did you mean {like}?" if like else name)


def _nearest(name: str) -> str:
    return next(iter(get_close_matches(name, known_names(), n=1)), "")


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper().replace('.', '__')}" if name else ""
