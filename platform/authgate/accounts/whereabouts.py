"""Where an address is, by a file that whoever operates the installation has brought (MaxMind DB:
GeoLite2 or DB-IP, of cities or of countries). Nobody is asked.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import NamedTuple, Protocol

from authgate.languages import spoken, text

_EARTH_RADIUS = 6371.0
"""In kilometres."""


class PlacesNotInstalled(RuntimeError):
    """The setting names a file, and what reads it is not installed."""


class _About(Protocol):
    @property
    def build_epoch(self) -> int:
        """Seconds since 1970 until it was made."""


class _Reader(Protocol):
    def metadata(self) -> _About:
        """What the file says of itself."""

    def get(self, ip_address: str) -> object:
        """What the file says of an address. Raises ``ValueError`` for what is none."""


class Place(NamedTuple):
    """Where an address is, as far as it is known."""

    country: str
    """By its code (ISO 3166-1), such as ``CH``."""
    position: tuple[float, float] | None
    """Latitude and longitude, in degrees."""

    def kilometres(self, other: "Place") -> float | None:
        """How far it is to another one, along the surface."""
        if self.position is None or other.position is None:
            return None
        (here, there), (east, west) = zip(self.position, other.position, strict=True)
        north, along = radians(there - here) / 2, radians(west - east) / 2
        part = sin(north) ** 2 + cos(radians(here)) * cos(radians(there)) * sin(along) ** 2
        return 2 * _EARTH_RADIUS * asin(min(1.0, sqrt(part)))


class Whereabouts:
    """Tells the places of addresses; nothing where there is no file, or it does not say."""

    def __init__(self, file: Path | None) -> None:
        self._reader = _opened(file) if file is not None else None

    def of(self, ip: str) -> str | None:
        """Town and country, in the language that is spoken."""
        found = self._told(ip)
        city, country = _name(found, "city"), _name(found, "country")
        if city and country:
            return text("%(city)s, %(country)s", city=city, country=country)
        return country or None

    @property
    def are_known(self) -> bool:
        """Whether there is a file."""
        return self._reader is not None

    def place(self, ip: str) -> Place | None:
        """In which country, and at which point of it."""
        found = self._told(ip)
        if not isinstance(found, Mapping):
            return None
        country, location = found.get("country"), found.get("location")
        code = country.get("iso_code") if isinstance(country, Mapping) else None
        at = location if isinstance(location, Mapping) else {}
        north, east = at.get("latitude"), at.get("longitude")
        if isinstance(north, int | float) and isinstance(east, int | float):
            return Place(str(code or ""), (float(north), float(east)))
        return Place(str(code or ""), None)

    def _told(self, ip: str) -> object:
        if self._reader is None:
            return None
        try:
            return self._reader.get(ip)
        except ValueError:
            return None


def is_new(place: str | None, others: Iterable[str | None]) -> bool:
    """Whether somebody is in a place where they are signed in nowhere else, of whom it is known
    where they are elsewhere."""
    known = set(filter(None, others))
    return bool(place and known) and place not in known


def made_at(file: Path) -> datetime:
    """When a file of places was made. Raises ``PlacesNotInstalled``, ``OSError`` and
    ``ValueError``."""
    try:
        return datetime.fromtimestamp(_opened(file).metadata().build_epoch, UTC)
    except RuntimeError as error:
        if isinstance(error, PlacesNotInstalled):
            raise
        # What the library raises for a file of another kind is a RuntimeError of its own.
        raise ValueError(str(error)) from error


@lru_cache(maxsize=1)
def _opened(file: Path) -> _Reader:
    """Raises ``PlacesNotInstalled``, ``OSError`` and ``ValueError``."""
    try:
        import maxminddb
    except ImportError as error:
        raise PlacesNotInstalled("geoip_file needs: pip install 'authgate[geoip]'") from error
    reader: _Reader = maxminddb.open_database(str(file), maxminddb.MODE_MMAP)
    return reader


def _name(found: object, kind: str) -> str:
    part = found.get(kind) if isinstance(found, Mapping) else None
    names = part.get("names") if isinstance(part, Mapping) else None
    if not isinstance(names, Mapping):
        return ""
    said = names.get(spoken().tag) or names.get("en") or ""
    return str(said)
