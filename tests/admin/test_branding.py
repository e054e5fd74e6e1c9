"""A tenant's logo, colours and words: what is made of them, and where people see them."""

import base64
import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from authgate.storage.tenants import logos
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 160), **more: Any) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, (12, 90, 160)).save(written, kind, **more)
    return written.getvalue()


def huge() -> bytes:
    """A PNG of a few bytes that says it is 30,000 by 30,000."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


async def bring(api: ApiClient, brought: bytes) -> Any:
    return await api.post("/settings/logos", {"image": base64.b64encode(brought).decode()})


async def login_page(server: RunningServer, tenant: Tenant) -> str:
    return (await server.http.get(f"{tenant.issuer}/login")).text


async def choose(api: ApiClient, **settings: object) -> None:
    answer = await api.patch("/settings", {"settings": settings}, if_match="*")
    assert answer.status_code == 200, answer.text


async def test_a_logo_is_drawn_anew_and_served_by_its_tenant_alone(
    server: RunningServer, api: ApiClient, foreign_api: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    brought = picture("JPEG", exif=exif, comment=b"a secret place", quality=95)
    assert b"taken at home" in brought
    made = await bring(api, brought)
    assert made.status_code == 201, made.text
    logo = made.json()
    assert (logo["width"], logo["height"]) == (480, 120)
    assert (await bring(api, brought)).json() == logo
    assert "/branding/logos/" not in await login_page(server, acme), "before anybody chose it"
    await choose(api, logo=logo["logo"])
    place = f"{acme.prefix}/branding/logos/{logo['logo']}.png"
    assert f'src="{place}"' in await login_page(server, acme)
    served = await server.http.get(place)
    assert (served.status_code, served.headers["content-type"]) == (200, "image/png")
    assert served.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"].startswith("default-src 'none'")
    assert "set-cookie" not in served.headers
    assert (b"home" in served.content, b"secret" in served.content) == (False, False)
    with Image.open(BytesIO(served.content)) as image:
        assert (image.format, image.info, dict(image.getexif())) == ("PNG", {}, {})
    for path in (f"{globex.prefix}/branding/logos/{logo['logo']}.png", place.replace(".png", "")):
        assert (await server.http.get(path)).status_code == 404
    assert (await server.http.post(place)).status_code == 405
    theirs = {"settings": {"logo": logo["logo"]}}
    assert is_problem(await foreign_api.patch("/settings", theirs, if_match="*"), 422, "invalid")


@on_sqlite
@pytest.mark.parametrize(
    "brought",
    [
        SVG,
        b"GIF89a",
        b"%PDF-1.7",
        huge(),
        picture(size=(4000, 1001)),
        picture()[:60],
        b"\x89PNG\r\n\x1a\n" + SVG,
        picture("BMP", size=(4, 4)),
    ],
    ids=["svg", "cut", "pdf", "bomb", "large", "half", "disguised", "bmp"],
)
async def test_wb_what_is_no_small_picture_is_refused(api: ApiClient, brought: bytes) -> None:
    refused = await bring(api, brought)
    assert is_problem(refused, 422, "invalid")
    assert refused.json()["errors"][0]["pointer"] == "/image"


@on_sqlite
async def test_what_is_too_large_is_not_read_and_logos_do_not_pile_up(
    api: ApiClient, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await bring(api, bytes(60_000))).status_code == 413
    monkeypatch.setattr(logos, "MOST", 3)
    first, *_ = [
        (await bring(api, picture(size=(size, 9)))).json()["logo"] for size in (10, 11, 12)
    ]
    await choose(api, logo=first)
    for size in (13, 14):
        assert (await bring(api, picture(size=(size, 9)))).status_code == 201
    with use_tenant(acme):
        assert await logos.LogoRow.all().count() == 3
        assert await logos.has(first), "it is on the pages"


@on_sqlite
async def test_a_tenant_s_words_are_text_and_its_links_lead_where_https_does(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    await choose(
        api,
        sign_in_title="<b>Hello</b> & welcome",
        sign_in_text='"><script>alert(1)</script>',
        support_url='https://help.example/"onclick=alert(1)',
        privacy_url="https://acme.example/privacy",
        terms_url="https://acme.example/terms",
    )
    page = await login_page(server, acme)
    assert "&lt;b&gt;Hello&lt;/b&gt; &amp; welcome" in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'href="https://help.example/&#34;onclick=alert(1)"' in page
    assert 'href="https://acme.example/terms"' in page
    for name, wrong in (
        ("sign_in_title", "x" * 81),
        ("sign_in_text", "a\nb"),
        ("sign_in_text", "a\u202eb"),
        ("support_url", "javascript:alert(1)"),
        ("terms_url", "http://acme.example"),
        ("privacy_url", "https://a b"),
    ):
        refused = await api.patch("/settings", {"settings": {name: wrong}}, if_match="*")
        assert is_problem(refused, 422, "invalid"), name


@on_sqlite
async def test_both_colours_reach_the_pages_in_a_sheet_that_is_kept(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    await choose(api, brand_color="#B00020", brand_color_dark="#ffd400")
    page = await login_page(server, acme)
    [sheet] = [part for part in page.split('"') if part.startswith("/static/brand/")]
    assert sheet.startswith("/static/brand/b00020-ffd400-")
    served = await server.http.get(sheet)
    assert "immutable" in served.headers["cache-control"]
    assert "--brand-text: light-dark(" in served.text
