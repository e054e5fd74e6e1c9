"""The file of places by which people see where their sessions are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from authgate.accounts import whereabouts
from authgate.accounts.whereabouts import PlacesNotInstalled
from authgate.clock import utc_now
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.settings import Settings

PLACES_UNREADABLE = Misconfiguration(
    code="places-unreadable",
    area=Area.SETTINGS,
    wrong="`geoip_file` is not there, is no file of places, or the extra that reads it is missing.",
    why="No server starts with it.",
    cure="Name a MaxMind DB of cities or countries, and `pip install 'authgate[geoip]'`; or leave"
    " `geoip_file` out.",
)
PLACES_STALE = Misconfiguration(
    code="places-stale",
    severity=Severity.WARNING,
    area=Area.SETTINGS,
    wrong="The file that `geoip_file` names is older than half a year.",
    why="Networks move: people read of places where they have never been, or miss one that is"
    " strange to them.",
    cure="Bring a newer one to the same place, and restart the servers.",
)

_FRESH = timedelta(days=183)


def findings(settings: Settings) -> Iterator[Finding]:
    """What is wrong with the file, or when it was made; nothing where there is none."""
    file = settings.geoip_file
    if file is None:
        return
    try:
        made_at = whereabouts.made_at(file)
    except PlacesNotInstalled:
        yield PLACES_UNREADABLE.found("the extra geoip is not installed")
    except OSError as error:
        yield PLACES_UNREADABLE.found(f"{file}: {error.strerror or 'cannot be read'}")
    except ValueError:
        yield PLACES_UNREADABLE.found(f"{file} is no file of places")
    else:
        said = f"{file}, of {made_at.astimezone(UTC):%Y-%m-%d}"
        is_stale = _age(made_at) > _FRESH
        yield PLACES_STALE.found(said) if is_stale else well(Area.SETTINGS, f"places: {said}")


def _age(made_at: datetime) -> timedelta:
    return utc_now() - made_at
