"""``/admin/branding``: how the tenant's pages look, and how they would look.

What is looked at is a page of ours in a frame, without script, with no form that could be sent.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import storage
from authgate.admin.console import frame, setting_fields
from authgate.admin.console.frame import ROOT, Console, done
from authgate.admin.console.setting_fields import BadSettings
from authgate.admin.console.setting_pages import HISTORY, choose, number, stored
from authgate.languages import in_order, text
from authgate.permissions import Area, reads, writes
from authgate.provisioning import logos
from authgate.web.brand import BrandTokens, brand_tokens
from authgate.web.color import Rgb
from authgate.web.console_view_models import Done
from authgate.web.login_view_models import LoginPage
from authgate.web.pages import logo_url
from authgate.web.setting_view_models import BrandingPage, Preview, Swatch
from authgate.web.view_models import ConsentPage, DeviceConfirmPage, ScopeLine
from authgate_tenants import TenantSettings, current_tenant, lifecycle
from authgate_tenants.setting_groups import GROUPS, SettingGroup

_HERE = "/branding"
_NAMES = GROUPS[SettingGroup.BRANDING]
_TEMPLATES = {"sign-in": "login.html", "consent": "consent.html", "device": "device/confirm.html"}
_LIGHT, _DARK = Rgb.parse("#ffffff"), Rgb.parse("#16181d")


class BrandingPages:
    """The tenant's look."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("branding")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.SETTINGS))
        routes.post(f"{ROOT}{_HERE}", self.change, writes(Area.SETTINGS))
        routes.post(f"{ROOT}{_HERE}/preview", self.look, writes(Area.SETTINGS))
        routes.post(f"{ROOT}{_HERE}/logo", self.bring_logo, writes(Area.SETTINGS))
        routes.get(f"{ROOT}{_HERE}/preview/<name>", self.preview, reads(Area.SETTINGS))
        return routes.blueprint

    async def show(self) -> Response:
        """How it looks."""
        return await self._page(await stored(), {})

    async def look(self) -> Response:
        """How it would look with what was typed."""
        form, now = await request.form, await stored()
        try:
            return await self._page(setting_fields.chosen(_NAMES, form, now), {}, form)
        except BadSettings as error:
            return await self._page(now, error.faults, form)

    async def change(self) -> Response:
        """Have it look so, or show again what was typed."""
        form = await request.form
        async with storage.transaction():
            row = await lifecycle.locked(current_tenant().id)
            before = TenantSettings.from_json(row.settings)
            if form.get("version") != str(await number()):
                return await self._page(before, {}, changed_meanwhile=True)
            faults = await choose(self._console, _NAMES, form, before)
        return await self._page(before, faults, form) if faults else done(_HERE, Done.CHANGED)

    async def bring_logo(self) -> Response:
        """Show how a logo would look; nobody else sees it before it is saved."""
        picture, now = (await request.files).get("picture"), await stored()
        if picture is None or not picture.filename:
            return done(_HERE, Done.NOTHING_SELECTED)
        try:
            made = await logos.keep_logo(picture.read())
        except logos.UnfitLogo as error:
            return await self._page(now, {"logo": str(error)}, logo_fault=str(error))
        return await self._page(now.changed({"logo": made.digest}), {})

    async def preview(self, name: str) -> Response:
        """A page as it would be, in the language whose tag follows its name, after a colon; what
        cannot be is as it is."""
        name, _, tag = name.partition(":")
        if name not in _TEMPLATES:
            raise NotFound
        settings = await stored()
        with suppress(BadSettings):  # while somebody types, it is often nothing yet
            settings = setting_fields.chosen(_NAMES, request.args, settings)
        content = _content(name, self._console)
        html = self._console.pages.preview(
            _TEMPLATES[name], settings=settings, page=content, language=tag
        )
        exchange = request.scope["authgate.exchange"]  # type: ignore[typeddict-item]  # the edge's own
        exchange.is_preview = True
        return Response(html, 200, content_type="text/html; charset=utf-8")

    async def _page(
        self,
        settings: TenantSettings,
        faults: Mapping[str, str],
        typed: Mapping[str, str] | None = None,
        *,
        logo_fault: str = "",
        changed_meanwhile: bool = False,
    ) -> Response:
        here = frame.url(_HERE)
        content = BrandingPage(
            frame=await self._console.frame(),
            action=here,
            preview_action=f"{here}/preview",
            logo_action=f"{here}/logo",
            history_url=frame.url(HISTORY),
            fields=setting_fields.fields(_NAMES, settings, typed=typed, faults=faults),
            version=await number(),
            swatches=list(_swatches(settings)),
            previews=list(_previews(f"{here}/preview/", settings)),
            logo_url=logo_url(current_tenant(), settings.logo),
            logo_fault=logo_fault,
            comment=(typed or {}).get("comment", ""),
            changed_meanwhile=changed_meanwhile,
        )
        status = 409 if changed_meanwhile else 400 if faults else 200
        return self._console.show("branding.html", content, status, frame_sources=("'self'",))


def _previews(place: str, settings: TenantSettings) -> Iterator[Preview]:
    """Each page in the language that most people see, and sign-in in the others."""
    said = urlencode({name: setting_fields.as_typed(getattr(settings, name)) for name in _NAMES})
    first, *others = in_order(settings.languages, settings.default_language)
    for name in _TEMPLATES:
        yield Preview(name, f"{place}{name}:{first.tag}?{said}")
    for each in others:
        yield Preview("sign-in", f"{place}sign-in:{each.tag}?{said}", each.name)


def _swatches(settings: TenantSettings) -> Iterator[Swatch]:
    dark = settings.brand_color_dark or settings.brand_color
    for mode, given, ground, tokens in zip(
        ("light", "dark"),
        (settings.brand_color, dark),
        (_LIGHT, _DARK),
        brand_tokens(settings.brand_color, settings.brand_color_dark),
        strict=True,
    ):
        yield from _of_mode(mode, given.lower(), ground, tokens)


def _of_mode(mode: str, given: str, ground: Rgb, tokens: BrandTokens) -> Iterator[Swatch]:
    for name, color, contrast in (
        (f"button-{mode}", tokens.fill, tokens.fill.contrast(_LIGHT)),
        (f"link-{mode}", tokens.text, tokens.text.contrast(ground)),
    ):
        yield Swatch(name, str(color), f"{contrast:.1f}", str(color) != given)


def _content(name: str, console: Console) -> object:
    """What stands in a page that nobody asked for."""
    now, scopes = console.now(), (ScopeLine("profile", text("Read your name and user name")),)
    if name == "sign-in":
        return LoginPage(action="#", client_name="Example", remember_days=30)
    if name == "consent":
        return ConsentPage(
            action="#",
            client_name="Example",
            first_party=False,
            self_registered=False,
            described_at="",
            returns_to="app.example",
            request="",
            scopes=scopes,
            signed_in_as="ada@example.com",
            switch_action="#",
        )
    return DeviceConfirmPage(
        action="#",
        client_name="Example TV",
        first_party=False,
        self_registered=False,
        described_at="",
        user_code="WDJB-MJHT",
        device=text("Television"),
        asked_from_ip="192.0.2.7",
        same_place=True,
        asked_at=now,
        expires_at=now + timedelta(minutes=15),
        scopes=scopes,
        signed_in_as="ada@example.com",
    )
