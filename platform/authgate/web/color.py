"""Colours: sRGB as screens and WCAG 2.2 see it, and OKLCH, where equal steps look equal."""

import re
from dataclasses import dataclass
from math import atan2, cos, hypot, sin
from typing import Self

_WRITTEN = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)

Triple = tuple[float, float, float]


class NotAColor(ValueError):
    """A colour is not written ``#rrggbb``."""


@dataclass(frozen=True, slots=True)
class Rgb:
    """A colour of the sRGB space, each part from 0 to 1 and linear in light."""

    red: float
    green: float
    blue: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``#rrggbb``. Raises ``NotAColor``."""
        if not _WRITTEN.fullmatch(text):
            raise NotAColor(text)
        return cls(*(_linear(int(text[at : at + 2], 16) / 255) for at in (1, 3, 5)))

    def __str__(self) -> str:
        parts = (self.red, self.green, self.blue)
        return "#" + "".join(f"{round(_gamma(part) * 255):02x}" for part in parts)

    @property
    def luminance(self) -> float:
        """Relative luminance as WCAG defines it."""
        return 0.2126 * self.red + 0.7152 * self.green + 0.0722 * self.blue

    def contrast(self, other: "Rgb") -> float:
        """The WCAG contrast ratio, from 1 to 21."""
        darker, lighter = sorted((self.luminance, other.luminance))
        return (lighter + 0.05) / (darker + 0.05)


@dataclass(frozen=True, slots=True)
class Oklch:
    """A colour as lightness (0 to 1), chroma and hue (radians)."""

    lightness: float
    chroma: float
    hue: float

    @classmethod
    def of(cls, color: Rgb) -> Self:
        """The same colour in this space."""
        lms = _times(_RGB_TO_LMS, (color.red, color.green, color.blue))
        roots = (lms[0] ** (1 / 3), lms[1] ** (1 / 3), lms[2] ** (1 / 3))
        lightness, a, b = _times(_LMS_TO_LAB, roots)
        return cls(lightness, hypot(a, b), atan2(b, a))

    def at(self, lightness: float, *, chroma: float | None = None) -> "Oklch":
        """This hue at another lightness and, if given, with at most that chroma."""
        most = self.chroma if chroma is None else min(self.chroma, chroma)
        return Oklch(min(max(lightness, 0.0), 1.0), most, self.hue)

    def rgb(self) -> Rgb:
        """What a screen shows: chroma gives way to lightness and hue, and parts are rounded to
        the 256 steps that are written."""
        parts = self._parts(self.chroma)
        low, high = 0.0, self.chroma
        if not _shown(parts):
            for _ in range(10):
                middle = (low + high) / 2
                if _shown(self._parts(middle)):
                    low = middle
                else:
                    high = middle
            parts = self._parts(low)
        return Rgb.parse(str(Rgb(*(min(max(part, 0.0), 1.0) for part in parts))))

    def _parts(self, chroma: float) -> Triple:
        a, b = chroma * cos(self.hue), chroma * sin(self.hue)
        roots = _times(_LAB_TO_LMS, (self.lightness, a, b))
        return _times(_LMS_TO_RGB, (roots[0] ** 3, roots[1] ** 3, roots[2] ** 3))


def _shown(parts: Triple) -> bool:
    return all(-0.0001 <= part <= 1.0001 for part in parts)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _times(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    x, y, z = vector
    first, second, third = (row[0] * x + row[1] * y + row[2] * z for row in matrix)
    return first, second, third


# Björn Ottosson's OKLab, from linear sRGB and back.
_RGB_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LMS_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_LAB_TO_LMS = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_LMS_TO_RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
