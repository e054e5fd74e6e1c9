"""A tenant's brand: from the one colour it gives, the tokens that the pages need in each mode.

Hue and colourfulness stay the tenant's; lightness moves until the contrasts of WCAG 2.2 AA hold:
4.5:1 for text, 3:1 for edges. Nothing else a tenant says gets into a style sheet, so that a brand
carries no rule, address or markup.
"""

from collections.abc import Callable
from dataclasses import dataclass

from authgate.web.color import Oklch, Rgb

_TEXT = 4.5
_EDGE = 3.0

# The grounds of tokens.css that a brand colour is ever laid upon.
_WHITE = Rgb.parse("#ffffff")
_LIGHT_GROUNDS = (_WHITE, Rgb.parse("#f7f7f8"), Rgb.parse("#f1f2f4"))
_DARK_GROUNDS = (Rgb.parse("#0c0d10"), Rgb.parse("#16181d"), Rgb.parse("#1d2027"))


@dataclass(frozen=True, slots=True)
class BrandTokens:
    """The brand in one mode: a fill, the fill under the pointer, links, and a tinted ground."""

    fill: Rgb
    hover: Rgb
    text: Rgb
    soft: Rgb


def brand_tokens(color: str, dark: str = "") -> tuple[BrandTokens, BrandTokens]:
    """What pages have of a colour ``#rrggbb`` in the light, and of it or another in the dark.
    Raises ``NotAColor``."""
    day = _on_light(Oklch.of(Rgb.parse(color)))
    return day, _on_dark(Oklch.of(Rgb.parse(dark or color)))


def brand_sheet(color: str, dark: str = "") -> str:
    """The style sheet of a colour ``#rrggbb``, and of another for dark pages. Raises
    ``NotAColor``."""
    day, night = brand_tokens(color, dark)
    tokens = {
        "--brand": (day.fill, night.fill),
        "--brand-hi": (day.hover, night.hover),
        "--brand-text": (day.text, night.text),
        "--brand-soft": (day.soft, night.soft),
    }
    both = " ".join(f"{name}: light-dark({a}, {b});" for name, (a, b) in tokens.items())
    light_only = " ".join(f"{name}: {a};" for name, (a, _) in tokens.items())
    return (
        f"@layer tokens {{\n  :root {{ {both} }}\n"
        f"  @supports not (color: light-dark(#000, #fff)) {{ :root {{ {light_only} }} }}\n}}\n"
    )


def _on_light(given: Oklch) -> BrandTokens:
    fill = _darkened(given, _contrasts(_TEXT, _WHITE))
    soft = given.at(0.955, chroma=0.025).rgb()
    text = _darkened(fill.at(fill.lightness - 0.03), _contrasts(_TEXT, *_LIGHT_GROUNDS, soft))
    return BrandTokens(fill.rgb(), _under_pointer(fill).rgb(), text.rgb(), soft)


def _on_dark(given: Oklch) -> BrandTokens:
    bears_white = _darkened(given, _contrasts(_TEXT, _WHITE))
    fill = _lightened(bears_white, _contrasts(_EDGE, *_DARK_GROUNDS))
    soft = given.at(0.27, chroma=0.05).rgb()
    pale = given.at(max(given.lightness, 0.78), chroma=0.13)
    text = _lightened(pale, _contrasts(_TEXT, *_DARK_GROUNDS, soft))
    return BrandTokens(fill.rgb(), _under_pointer(fill).rgb(), text.rgb(), soft)


def _under_pointer(fill: Oklch) -> Oklch:
    # Darker, as if pressed in; a brand near black has nowhere to go but up.
    return fill.at(fill.lightness + (0.16 if fill.lightness < 0.3 else -0.05))


def _contrasts(least: float, *grounds: Rgb) -> Callable[[Rgb], bool]:
    return lambda color: all(color.contrast(ground) >= least for ground in grounds)


def _darkened(color: Oklch, holds: Callable[[Rgb], bool]) -> Oklch:
    return _moved(color, 0.0, holds)


def _lightened(color: Oklch, holds: Callable[[Rgb], bool]) -> Oklch:
    return _moved(color, 1.0, holds)


def _moved(color: Oklch, end: float, holds: Callable[[Rgb], bool]) -> Oklch:
    """The lightness nearest to the colour's own, on the way to black or white, that holds."""
    if holds(color.rgb()):
        return color
    failing, holding = color.lightness, end
    for _ in range(9):
        middle = (failing + holding) / 2
        if holds(color.at(middle).rgb()):
            holding = middle
        else:
            failing = middle
    return color.at(holding)
