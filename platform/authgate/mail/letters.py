"""Letters: a template for plain text, one for HTML, and what they are about.

The templates are in ``authgate_templates/mail``. The first line of the plain text is the subject.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from authgate_tenants import current_tenant


class Letter(NamedTuple):
    """What a mail says."""

    subject: str
    text: str
    html: str


def written(template: str, **about: object) -> Letter:
    """The letter of the tenant in scope that is made from this template."""
    tenant = current_tenant()
    known: Mapping[str, object] = {"site": tenant.name, "issuer": tenant.issuer} | about
    text = _ENVIRONMENT.get_template(f"{template}.txt").render(known)
    subject, _, body = text.partition("\n")
    html = _ENVIRONMENT.get_template(f"{template}.html").render({**known, "subject": subject})
    return Letter(_one_line(subject), body.strip() + "\n", html)


def _one_line(text: object) -> str:
    """What somebody calls themselves, unable to begin a line of its own."""
    return " ".join(str(text).split())


def _moment(at: datetime) -> str:
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


_ENVIRONMENT = Environment(
    loader=PackageLoader("authgate_templates", package_path="mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_ENVIRONMENT.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # put there by the extension
_ENVIRONMENT.filters.update(line=_one_line, moment=_moment)
