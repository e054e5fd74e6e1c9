"""``/mails``: the tenant's mail where there is no server to send it, for who sits at this machine.

In the ``dev`` profile only. Whoever reads it may follow any link in it, so nobody else sees it.
"""

import re

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.answers import page
from authgate.accounts.visits import visitor
from authgate.installation import Installation
from authgate.mail.post import opened
from authgate.storage.mail import mails
from authgate.storage.mail.mails import Mail
from authgate.vocabulary import MailStatus
from authgate.web.client_ip import is_from_here
from authgate.web.mail_view_models import KeptMail, MailsPage
from authgate.web.pages import Pages
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher

PATH = "/mails"

_MOST = 50
_LINK = re.compile(r"^https?://\S+$", re.MULTILINE)


class KeptMails:
    """The page."""

    def __init__(self, *, parts: Installation, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def blueprint(self) -> Blueprint:
        """The route."""
        routes = Blueprint("mails", __name__)
        routes.get(PATH)(self.show)
        return routes

    async def show(self) -> Response:
        """The newest, whole."""
        if self._parts.settings.profile != "dev" or not _is_from_here():
            raise NotFound
        kept = await mails.newest(limit=_MOST, status=MailStatus.KEPT)
        cipher = await self._parts.encryption.cipher(current_tenant().id)
        content = MailsPage(mails=[_shown(cipher, each) for each in kept])
        return page(self._pages.render("mails.html", visit=visitor().page(), page=content))


def _is_from_here() -> bool:
    names = [name.lower() for name in request.headers.keys()]  # noqa: SIM118  # not a mapping
    return is_from_here(visitor().facts.ip, names)


def _shown(cipher: TenantCipher, mail: Mail) -> KeptMail:
    letter, to = opened(cipher, mail)
    return KeptMail(
        subject=letter.subject,
        recipient=to,
        at=mail.created_at,
        text=letter.text,
        links=_LINK.findall(letter.text),
    )
