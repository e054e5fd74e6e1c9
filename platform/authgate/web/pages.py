"""The Jinja environment: makes a page out of a template and the value it shows.

Templates are in the package ``authgate_templates``; what each of them is given is in
``authgate.web.view_models``. They escape by default, refuse names that are not there, and say
every word through gettext, in the language that whoever reads it wants.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from authgate.languages import (
    ENGLISH,
    Language,
    catalogues,
    formats,
    in_order,
    readers,
    speak,
    spoken,
)
from authgate.languages.readers import Reader
from authgate.web.color import NotAColor
from authgate.web.machine import Headers
from authgate.web.static_files import StaticFiles
from authgate.web.view_models import Visit
from authgate_tenants.scope import Tenant, current_tenant, tenant_in_scope
from authgate_tenants.settings import TenantSettings

PLATFORM = "AuthGate"
LANGUAGE_VARIES = "Accept-Language, Cookie"
"""By which fields of a request a page is another (RFC 9110 section 12.5.5)."""
LANGUAGE_PATH = "/language"
"""Where somebody chooses another one."""
LOGOS = "/branding/logos/"
"""Below it are the logos of a tenant."""

IN_ENGLISH = ("api/",)
"""What is in no catalogue: the reference of an API is in the API's language."""

_NOTHING_CHOSEN = TenantSettings()
_DEFAULT_BRAND = _NOTHING_CHOSEN.brand_color
_NOBODY = Visit()
_BETWEEN_WORDS = re.compile(r"[\s._+-]+")


@dataclass(frozen=True, slots=True)
class Site:
    """Whose pages these are: the tenant's, or the installation's outside of any tenant."""

    name: str
    host: str
    is_tenant: bool
    own_applications: bool
    """Whether people may register applications of their own."""
    brand_sheet: str | None
    """Address of the style sheet with the tenant's colours; None where they are the default."""
    logo_url: str = ""
    """Where its logo is, if it has one."""
    sign_in_title: str = ""
    """In the tenant's own words, where it has some."""
    sign_in_text: str = ""
    support_url: str = ""
    privacy_url: str = ""
    terms_url: str = ""
    impersonation: bool = False
    """Whether somebody in charge may act for people."""


@dataclass(frozen=True, slots=True)
class LanguageSwitch:
    """The form that chooses another language. Posts ``language`` (a tag) and ``return_to``."""

    action: str
    csrf_token: str
    languages: Sequence[Language]
    return_to: str


class Pages:
    """Renders the pages; one for the life of the server."""

    def __init__(self, *, static: StaticFiles, base_url: str) -> None:
        self._static = static
        self._host = urlsplit(base_url).netloc
        self._environment = _environment(static)

    def render(self, template: str, *, visit: Visit = _NOBODY, **context: object) -> str:
        """The page as HTML, in the name of the tenant in scope if there is one, in the language of
        whoever reads it.

        What a template shows is given as ``page=``: ``render("login.html", visit=visit,
        page=LoginPage(…))``.
        """
        tenant = tenant_in_scope()
        language = _language(template, tenant.settings if tenant else _NOTHING_CHOSEN)
        return self._environment.get_template(template).render(
            language=language,
            switch=_switch(tenant, visit),
            site=self._site(),
            csrf_token=visit.csrf_token,
            theme=visit.theme,
            console_url=visit.console_url,
            visit=visit,
            is_preview=False,
            **context,
        )

    def preview(
        self, template: str, *, settings: TenantSettings, page: object, language: str = ""
    ) -> str:
        """The page as it would be with these settings, in the language with this tag if it is
        offered. It has no script, and nothing is asked."""
        shown = Reader(chosen=language).reads(_offered(settings))
        speak(shown)
        return self._environment.get_template(template).render(
            language=shown,
            switch=None,
            site=self._site_of(current_tenant(), settings),
            csrf_token="",
            theme=None,
            console_url="",
            visit=_NOBODY,
            is_preview=True,
            page=page,
        )

    def _site(self) -> Site:
        tenant = tenant_in_scope()
        if tenant is None:
            return Site(
                PLATFORM, self._host, is_tenant=False, own_applications=False, brand_sheet=None
            )
        return self._site_of(tenant, tenant.settings)

    def _site_of(self, tenant: Tenant, settings: TenantSettings) -> Site:
        tag = spoken().tag
        return Site(
            tenant.name,
            urlsplit(tenant.issuer).netloc,
            is_tenant=True,
            own_applications=settings.own_applications != "off",
            brand_sheet=self._brand_sheet(settings.brand_color, settings.brand_color_dark),
            logo_url=logo_url(tenant, settings.logo),
            sign_in_title=settings.sign_in_titles.get(tag, settings.sign_in_title),
            sign_in_text=settings.sign_in_texts.get(tag, settings.sign_in_text),
            support_url=settings.support_url,
            privacy_url=settings.privacy_url,
            terms_url=settings.terms_url,
            impersonation=settings.impersonation != "off",
        )

    def _brand_sheet(self, color: str, dark: str) -> str | None:
        if color.lower() == _DEFAULT_BRAND and not dark:
            return None
        try:
            return self._static.brand_url(color, dark)
        except NotAColor:
            return None


def page_fields() -> Headers:
    """The header fields of the page that was made just now, for whoever answers without Quart."""
    return (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-language", spoken().tag.encode("ascii")),
        (b"vary", LANGUAGE_VARIES.encode("ascii")),
    )


def logo_url(tenant: Tenant, digest: str) -> str:
    """Where a logo of the tenant is; empty where there is none."""
    return f"{tenant.prefix}{LOGOS}{digest}.png" if digest else ""


def _environment(static: StaticFiles) -> Environment:
    environment = Environment(
        loader=PackageLoader("authgate_templates", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # put there by the extension
        catalogues.gettext, catalogues.ngettext, newstyle=True
    )
    environment.globals.update(static_url=static.url, platform=PLATFORM)
    environment.filters.update(
        iso=_iso,
        utc=formats.moment,
        utc_clock=formats.clock_time,
        day=formats.day,
        number=formats.number,
        initials=_initials,
        spelled=_spelled,
    )
    return environment


def language_read() -> Language:
    """What whoever asks for a page of the tenant reads, of what it offers."""
    return _read(current_tenant().settings)


def _read(settings: TenantSettings) -> Language:
    return readers.reader().reads(_offered(settings))


def _switch(tenant: Tenant | None, visit: Visit) -> LanguageSwitch | None:
    """None where there is nothing to choose, or nowhere to come back to."""
    here = readers.reader().here
    if tenant is None or not visit.language_token or not here:
        return None
    languages = _offered(tenant.settings)
    if len(languages) < 2:
        return None
    prefix = tenant.prefix
    return LanguageSwitch(
        f"{prefix}{LANGUAGE_PATH}", visit.language_token, languages, f"{prefix}{here}"
    )


def _offered(settings: TenantSettings) -> Sequence[Language]:
    return in_order(settings.languages, settings.default_language)


def _language(template: str, settings: TenantSettings) -> Language:
    """What the page is in. It is spoken until the request is over: the answer's headers tell it."""
    language = ENGLISH if template.startswith(IN_ENGLISH) else _read(settings)
    speak(language)
    return language


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _initials(name: str) -> str:
    """Two letters that stand for a person or a tenant: of ``mira.halvorsen@…``, ``MH``."""
    words = [word for word in _BETWEEN_WORDS.split(name.partition("@")[0]) if word]
    return "".join(word[0] for word in dict.fromkeys((*words[:1], *words[-1:]))).upper()


def _spelled(code: str) -> str:
    """A code as it is read aloud: ``WDJB-MJHT`` as ``W D J B, M J H T``."""
    return ", ".join(" ".join(part) for part in code.split("-"))
