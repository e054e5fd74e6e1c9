"""Colours: what is read stands 4.5:1 off its ground and what bounds a control 3:1 (WCAG 2.2 AA,
1.4.3 and 1.4.11), in both modes, in the default brand and in whatever colour a tenant picks."""

import re
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authgate.web.brand import brand_sheet
from authgate.web.color import NotAColor, Oklch, Rgb

_SHEET = (files("authgate_templates") / "static" / "tokens.css").read_text()
_PAIR = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
_ANY_PAIR = re.compile(r"--([\w-]+):\s*light-dark\(([^,]+), (.+)\);")
_ONE = re.compile(r"--([\w-]+): ([^;]+);")

_GROUNDS = ("bg", "sunken", "surface", "raised")
_TEXT = [
    *((text, ground) for text in ("text", "text-2", "text-3") for ground in _GROUNDS),
    *((text, ground) for text in ("text", "text-2") for ground in ("hover", "press")),
    *((signal, ground) for signal in ("ok", "warn", "bad", "note") for ground in _GROUNDS),
    *((signal, f"{signal}-soft") for signal in ("ok", "warn", "bad", "note")),
    *(("text-2", f"{signal}-soft") for signal in ("ok", "warn", "bad", "note")),
    *(("text", f"{signal}-soft") for signal in ("ok", "warn", "bad", "note")),
    ("text-3", "warn-soft"),
    ("surface", "text"),
    ("bad-on", "bad-solid"),
]
_EDGES = [
    *(("edge", ground) for ground in _GROUNDS),
    *((data, "surface") for data in ("d1", "d2", "d3", "d4")),
    ("bad", "surface"),
]
_BRAND_TEXT = [
    ("brand-on", "brand"),
    ("brand-on", "brand-hi"),
    ("brand-text", "brand-soft"),
    *(("brand-text", ground) for ground in _GROUNDS),
]
_BRAND_EDGES = [(mark, ground) for mark in ("brand", "brand-text") for ground in _GROUNDS]

Tokens = dict[str, str]


def _modes(*sheets: str) -> tuple[Tokens, Tokens]:
    light, dark = {}, {}
    for sheet in sheets:
        for name, day, night in _PAIR.findall(sheet):
            light[name], dark[name] = day, night
    return light, dark


def _too_faint(tokens: Tokens, pairs: list[tuple[str, str]], least: float) -> list[str]:
    return [
        f"{front} on {back}: {ratio:.2f}"
        for front, back in pairs
        if (ratio := Rgb.parse(tokens[front]).contrast(Rgb.parse(tokens[back]))) < least
    ]


@pytest.mark.parametrize("mode", _modes(_SHEET), ids=("light", "dark"))
def test_every_token_pair_has_contrast(mode: Tokens) -> None:
    assert _too_faint(mode, _TEXT + _BRAND_TEXT, 4.5) == []
    assert _too_faint(mode, _EDGES + _BRAND_EDGES, 3.0) == []


def _faint_with(color: str) -> list[str]:
    return [
        fault
        for mode in _modes(_SHEET, brand_sheet(color))
        for fault in _too_faint(mode, _BRAND_TEXT, 4.5) + _too_faint(mode, _BRAND_EDGES, 3.0)
    ]


def test_a_sweep_of_brand_colours_has_contrast() -> None:
    steps = ("00", "33", "66", "99", "cc", "ff")
    cube = [f"#{red}{green}{blue}" for red in steps for green in steps for blue in steps]

    assert {color: faults for color in cube if (faults := _faint_with(color))} == {}


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=0xFFFFFF))
def test_any_brand_colour_has_contrast(number: int) -> None:
    assert _faint_with(f"#{number:06x}") == []


def test_a_brand_colour_that_has_contrast_is_kept_as_it_is() -> None:
    light, _ = _modes(brand_sheet("#0B7A5B"))
    assert light["brand"] == "#0b7a5b"


def test_a_brand_keeps_its_hue() -> None:
    given_hue = Oklch.of(Rgb.parse("#ffd400")).hue
    light, dark = _modes(brand_sheet("#ffd400"))

    for written in (light["brand"], dark["brand"], dark["brand-text"]):
        assert Oklch.of(Rgb.parse(written)).hue == pytest.approx(given_hue, abs=0.05)


@pytest.mark.parametrize(
    "text",
    ["", "red", "#fff", "#12345g", "#0b7a5b ", "0b7a5b", "#0b7a5b;}", "#0b7a5b\n", "url(//evil)"],
)
def test_wb_11_only_a_colour_makes_a_sheet(text: str) -> None:
    with pytest.raises(NotAColor):
        brand_sheet(text)


def test_a_colour_survives_the_way_to_oklch_and_back() -> None:
    for written in ("#000000", "#ffffff", "#808080", "#3f4fe0", "#ffd400", "#ff0000"):
        assert str(Oklch.of(Rgb.parse(written)).rgb()) == written


def test_the_fallback_repeats_the_light_side() -> None:
    before, fallback = _SHEET.split("@supports not", 1)
    fallback = fallback.split("\n  }\n", 1)[0]

    light = {name: day for name, day, _ in _ANY_PAIR.findall(before)}
    assert dict(_ONE.findall(fallback)) == light


def test_the_brand_fallback_repeats_the_light_side() -> None:
    sheet = brand_sheet("#0b7a5b")
    light, _ = _modes(sheet)
    assert dict(_ONE.findall(sheet.split("@supports not", 1)[1])) == light
