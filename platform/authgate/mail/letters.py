"""Letters: a template for plain text, one for HTML, and what they are about.

The templates are in ``authgate_templates/mail``. The first line of the plain text is the subject.
"""

from collections.abc import Mapping
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from authgate.languages import Language, Text, catalogues, formats, in_order, speaking, spoken
from authgate_tenants import current_tenant


class Letter(NamedTuple):
    """What a mail says."""

    subject: str
    text: str
    html: str


def written(template: str, *, language: Language | None = None, **about: object) -> Letter:
    """The letter of the tenant in scope that is made from this template.

    Of whom it goes to the language may be known; the tenant's default is taken else.
    """
    with speaking(language or of_tenant()):
        return _written(template, about)


def of_tenant() -> Language:
    """The language of letters to people of whom we know none."""
    settings = current_tenant().settings
    return in_order(settings.languages, settings.default_language)[0]


def _written(template: str, about: Mapping[str, object]) -> Letter:
    tenant = current_tenant()
    known = {"site": tenant.name, "issuer": tenant.issuer, "language": spoken()} | dict(about)
    text = _ENVIRONMENT.get_template(f"{template}.txt").render(known)
    subject, _, body = text.partition("\n")
    html = _ENVIRONMENT.get_template(f"{template}.html").render({**known, "subject": subject})
    return Letter(_one_line(subject), body.strip() + "\n", html)


def _one_line(text: object) -> str:
    """What somebody calls themselves, unable to begin a line of its own."""
    return " ".join(str(text).split())


def _as_read(value: object) -> object:
    return value.spoken() if isinstance(value, Text) else value


_ENVIRONMENT = Environment(
    loader=PackageLoader("authgate_templates", package_path="mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
    finalize=_as_read,
)
_ENVIRONMENT.install_gettext_callables(  # type: ignore[attr-defined]  # put there by the extension
    catalogues.gettext, catalogues.ngettext, newstyle=True
)
_ENVIRONMENT.filters.update(line=_one_line, moment=formats.moment)
