"""``GET /static/<name>``: what the pages load, under names that change with their content.

All of it is read once, when the server starts, and answered from memory: a path is looked up
among known names and never becomes a file name. A name with the hash of its content may be kept
for a year; the same name without its hash, or with that of another release (a page made before
an upgrade asks for it), is answered with what there is now and must be asked for again.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from authgate.web.brand import brand_sheet
from authgate.web.machine import Headers, Reply

STATIC_PREFIX = "/static/"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_HASHED = re.compile(r"(?P<stem>.+)\.[0-9a-f]{16}(?P<suffix>\.[a-z0-9]+)")
_BRAND = re.compile(r"brand/(?P<color>[0-9a-f]{6})(?:-(?P<dark>[0-9a-f]{6}))?-[0-9a-f]{16}\.css")
_CSS_URL = re.compile(r'url\("([^":]+)"\)')

_FOR_EVER = b"public, max-age=31536000, immutable"
_ASK_AGAIN = b"public, no-cache"


class NoSuchStaticFile(LookupError):
    """A page names a static file that is not in the package."""


@dataclass(frozen=True, slots=True)
class _Asset:
    url: str
    content_type: str
    body: bytes
    packed: bytes | None
    """The body in gzip, where that makes it smaller."""
    etag: bytes


class StaticFiles:
    """The static files of the pages, and the style sheets of the tenants' brands."""

    def __init__(self) -> None:
        self._assets = _load(files("authgate_templates") / "static")
        self._brand = lru_cache(maxsize=1024)(_brand_asset)

    def url(self, name: str) -> str:
        """The address of a file, with its hash: ``url("app.css")``. Raises
        ``NoSuchStaticFile``."""
        try:
            return self._assets[name].url
        except KeyError:
            raise NoSuchStaticFile(name) from None

    def brand_url(self, color: str, dark: str = "") -> str:
        """The address of the style sheet of a colour ``#rrggbb``, and of another for dark pages.
        Raises ``NotAColor``."""
        return self._brand(color.lower(), dark.lower()).url

    def reply(
        self, path: str, if_none_match: str | None = None, accept_encoding: str | None = None
    ) -> Reply | None:
        """Answer ``GET`` for a path; None where it names nothing here."""
        asset = self._find(path.removeprefix(STATIC_PREFIX))
        if asset is None or not path.startswith(STATIC_PREFIX):
            return None
        headers = _caching(asset, _FOR_EVER if path == asset.url else _ASK_AGAIN)
        if _knows(if_none_match, asset.etag):
            return Reply(304, headers=headers)
        return _full(asset, headers, packed=_takes_gzip(accept_encoding))

    def _find(self, name: str) -> _Asset | None:
        if brand := _BRAND.fullmatch(name):
            return self._brand(f"#{brand['color']}", f"#{brand['dark']}" if brand["dark"] else "")
        if hashed := _HASHED.fullmatch(name):
            name = hashed["stem"] + hashed["suffix"]
        return self._assets.get(name)


def _load(folder: Traversable) -> dict[str, _Asset]:
    bodies = dict(_walk(folder, PurePosixPath()))
    sheets = {name for name in bodies if name.endswith(".css")}
    # Style sheets come last: they name the others by their hashes.
    assets = {name: _asset(name, bodies[name]) for name in bodies.keys() - sheets}
    for name in sheets:
        assets[name] = _asset(name, _with_hashed_urls(name, bodies[name], assets))
    return assets


def _walk(folder: Traversable, inside: PurePosixPath) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, inside / entry.name)
        else:
            yield str(inside / entry.name), entry.read_bytes()


def _with_hashed_urls(sheet: str, body: bytes, assets: dict[str, _Asset]) -> bytes:
    def hashed(found: re.Match[str]) -> str:
        name = str(PurePosixPath(sheet).parent / found[1])
        return f'url("{assets[name].url}")'

    return _CSS_URL.sub(hashed, body.decode()).encode()


def _asset(name: str, body: bytes) -> _Asset:
    path = PurePosixPath(name)
    digest = sha256(body).hexdigest()[:16]
    return _made(f"{path.with_suffix('')}.{digest}{path.suffix}", digest, body)


def _brand_asset(color: str, dark: str) -> _Asset:
    body = brand_sheet(color, dark).encode()
    digest = sha256(body).hexdigest()[:16]
    return _made(f"brand/{(color + dark.replace('#', '-'))[1:]}-{digest}.css", digest, body)


def _made(hashed_name: str, digest: str, body: bytes) -> _Asset:
    packed = gzip.compress(body, mtime=0)
    return _Asset(
        url=STATIC_PREFIX + hashed_name,
        content_type=_TYPES[PurePosixPath(hashed_name).suffix],
        body=body,
        packed=packed if len(packed) < len(body) * 0.9 else None,
        # Weak: the packed form is the same thing in other bytes.
        etag=f'W/"{digest}"'.encode(),
    )


def _caching(asset: _Asset, cache_control: bytes) -> Headers:
    headers: Headers = ((b"etag", asset.etag), (b"cache-control", cache_control))
    return (*headers, (b"vary", b"accept-encoding")) if asset.packed else headers


def _full(asset: _Asset, headers: Headers, *, packed: bool) -> Reply:
    body = asset.packed if packed and asset.packed else asset.body
    encoding: Headers = ((b"content-encoding", b"gzip"),) if body is asset.packed else ()
    content_type = (b"content-type", asset.content_type.encode())
    return Reply(200, body, (content_type, *headers, *encoding))


def _knows(if_none_match: str | None, etag: bytes) -> bool:
    """Whether one of the validators is this one, compared weakly (RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or etag.decode().removeprefix("W/") in known


def _takes_gzip(accept_encoding: str | None) -> bool:
    for each in (accept_encoding or "").lower().split(","):
        coding, _, weight = each.partition(";")
        if coding.strip() == "gzip":
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return False
