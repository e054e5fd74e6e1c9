"""``GET /static/<name>``: long-lived under a hash, fresh without, and nothing but the package."""

import gzip
import re
from importlib.resources import files
from pathlib import Path

import pytest

from authgate.web.machine import Reply
from authgate.web.static_files import NoSuchStaticFile, StaticFiles
from authgate.web.view_models import DeviceKind, SignInOption

_PACKAGE = Path(str(files("authgate_templates")))
_STATIC = _PACKAGE / "static"
_NAMES = sorted(path.relative_to(_STATIC).as_posix() for path in _STATIC.rglob("*.*"))


def _got(static: StaticFiles, path: str, **conditions: str) -> Reply:
    reply = static.reply(path, **conditions)
    assert reply is not None, path
    return reply


def _headers(reply: Reply) -> dict[str, str]:
    names = [name for name, _ in reply.headers]
    assert len(names) == len(set(names)), "a header is sent twice"
    return {name.decode(): value.decode() for name, value in reply.headers}


@pytest.mark.parametrize("name", _NAMES)
def test_every_file_is_served_for_a_year_under_its_hash(static: StaticFiles, name: str) -> None:
    reply = _got(static, static.url(name))
    headers = _headers(reply)

    assert reply.status == 200
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("app.css", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("icons.svg", "image/svg+xml"),
        ("fonts/geist-latin-wght-normal.woff2", "font/woff2"),
        ("licenses/geist.txt", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_says_its_type(static: StaticFiles, name: str, content_type: str) -> None:
    assert _headers(_got(static, static.url(name)))["content-type"] == content_type


def test_without_the_hash_it_must_be_asked_for_again(static: StaticFiles) -> None:
    plain, hashed = _got(static, "/static/app.css"), _got(static, static.url("app.css"))
    assert plain.body == hashed.body
    assert _headers(plain)["cache-control"] == "public, no-cache"


def test_the_hash_of_another_release_gets_what_there_is_now(static: StaticFiles) -> None:
    reply = _got(static, "/static/app.0123456789abcdef.css")
    assert reply.body == _got(static, static.url("app.css")).body
    assert _headers(reply)["cache-control"] == "public, no-cache"


def test_what_the_browser_has_is_not_sent_again(static: StaticFiles) -> None:
    path = static.url("app.js")
    etag = _headers(_got(static, path))["etag"]

    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        reply = _got(static, path, if_none_match=known)
        assert (reply.status, reply.body) == (304, b""), known
        assert _headers(reply)["etag"] == etag
        assert "content-type" not in _headers(reply)


def test_what_the_browser_has_of_another_release_is_sent(static: StaticFiles) -> None:
    assert _got(static, static.url("app.js"), if_none_match='"0000000000000000"').status == 200


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.8", "GZIP"])
def test_text_is_packed_for_those_who_take_it(static: StaticFiles, accepted: str) -> None:
    plain = _got(static, static.url("app.css"))
    packed = _got(static, static.url("app.css"), accept_encoding=accepted)

    assert _headers(packed)["content-encoding"] == "gzip"
    assert _headers(packed)["vary"] == _headers(plain)["vary"] == "accept-encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "br, gzip; q=0.0"])
def test_nobody_gets_packed_text_unasked(static: StaticFiles, accepted: str) -> None:
    reply = _got(static, static.url("app.css"), accept_encoding=accepted)
    assert "content-encoding" not in _headers(reply)


def test_a_font_is_not_packed_twice(static: StaticFiles) -> None:
    url = static.url("fonts/geist-latin-wght-normal.woff2")
    assert "content-encoding" not in _headers(_got(static, url, accept_encoding="gzip"))


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/staticapp.css",
        "app.css",
        "/static/nothing.css",
        "/static/../__init__.py",
        "/static/..%2f__init__.py",
        "/static/fonts/../app.css",
        "/static//app.css",
        "/static/./app.css",
        "/static/app.css/",
        "/static/app.css\x00",
        "/static/fonts",
        "/static//etc/passwd",
        "/static/brand/",
        "/static/brand/0b7a5b.css",
        "/static/brand/0b7a5bff-0123456789abcdef.css",
        "/static/brand/../app.css",
        "/static/brand/0b7a5b-0123456789abcdef.css/",
        "/t/acme/static/app.css",
    ],
)
def test_only_known_names_are_answered(static: StaticFiles, path: str) -> None:
    assert static.reply(path) is None


def test_a_page_cannot_name_a_file_that_is_not_there(static: StaticFiles) -> None:
    with pytest.raises(NoSuchStaticFile):
        static.url("nothing.css")


def test_a_sheet_names_fonts_by_their_hashes(static: StaticFiles) -> None:
    sheet = _got(static, static.url("app.css")).body.decode()
    urls = re.findall(r'url\("([^"]+)"\)', sheet)

    assert len(urls) == 2
    for url in urls:
        assert "immutable" in _headers(_got(static, url))["cache-control"]


def test_a_brand_sheet_is_served_for_a_year_under_its_hash(static: StaticFiles) -> None:
    url = static.brand_url("#0B7A5B")
    reply = _got(static, url)

    assert re.fullmatch(r"/static/brand/0b7a5b-[0-9a-f]{16}\.css", url)
    assert "immutable" in _headers(reply)["cache-control"]
    assert b"--brand: light-dark(#0b7a5b, " in reply.body


def test_a_brand_sheet_of_another_release_is_made_anew(static: StaticFiles) -> None:
    reply = _got(static, "/static/brand/0b7a5b-0123456789abcdef.css")
    assert reply.body == _got(static, static.brand_url("#0b7a5b")).body
    assert _headers(reply)["cache-control"] == "public, no-cache"


def test_two_servers_give_a_file_the_same_name(static: StaticFiles) -> None:
    other = StaticFiles()
    assert [other.url(name) for name in _NAMES] == [static.url(name) for name in _NAMES]
    assert other.brand_url("#0b7a5b") == static.brand_url("#0b7a5b")


def test_the_sprite_holds_the_icons_that_are_used_and_no_other() -> None:
    sources = "".join(path.read_text() for path in _PACKAGE.rglob("*.html"))
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (_STATIC / "icons.svg").read_text()))
    # Icons are named where they are drawn, or handed over as words in quotes.
    named = {name for name in drawn if f'"{name}"' in sources} | {kind.value for kind in DeviceKind}
    by_connections = {"github", SignInOption("any", "/").icon}

    assert set(re.findall(r'icon\("([\w-]+)"', sources)) <= drawn
    assert drawn == named | by_connections


def test_what_comes_from_others_comes_with_its_licence() -> None:
    fonts = {path.name for path in (_STATIC / "fonts").iterdir()}
    assert fonts == {"geist-latin-wght-normal.woff2", "geist-mono-latin-wght-normal.woff2"}
    for name, words in {
        "geist.txt": "SIL OPEN FONT LICENSE",
        "geist-mono.txt": "SIL OPEN FONT LICENSE",
        "lucide.txt": "ISC License",
        "octicons.txt": "MIT License",
    }.items():
        assert words in (_STATIC / "licenses" / name).read_text()


def test_a_first_visit_loads_little(static: StaticFiles) -> None:
    loaded = ("tokens.css", "app.css", "app.js", "icons.svg")
    replies = [_got(static, static.url(name), accept_encoding="gzip") for name in loaded]
    assert sum(len(reply.body) for reply in replies) < 12_000
