"""Whether the profile fits what the installation is used for."""

from collections.abc import Iterator

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.diagnosis.network import is_local, is_loopback
from authgate.settings import Settings

DEV_PROFILE = Misconfiguration(
    code="dev-profile",
    severity=Severity.WARNING,
    area=Area.SETTINGS,
    wrong="Others can reach an installation in the `dev` profile.",
    why="It starts with keys that it made up, and refuses nothing of what this page calls refused.",
    cure='Set `profile = "prod"`.',
)
DEBUG_LOGS = Misconfiguration(
    code="debug-logs",
    area=Area.SETTINGS,
    wrong="The `prod` profile logs at the level `debug`.",
    why="What is written at this level is for a developer's own machine: nothing promises that it"
    " holds no secret.",
    cure='Set `log_level = "info"`.',
    refused=True,
)


def findings(settings: Settings) -> Iterator[Finding]:
    """The profile, and what belongs to one only."""
    if settings.profile == "dev" and _is_for_others(settings):
        yield DEV_PROFILE.found(f"{settings.base_url}, listening on {settings.server.host}")
    if settings.profile == "prod" and settings.log_level == "debug":
        yield DEBUG_LOGS.found("log_level is debug")


def _is_for_others(settings: Settings) -> bool:
    # Plain http for others is worse, and told by itself.
    elsewhere = settings.base_url.startswith("https:") and not is_local(settings.base_url)
    return elsewhere or not is_loopback(settings.server.host)
