"""``/admin/mail-server``: which server sends the tenant's mail, and whether a mail arrives."""

from collections.abc import Mapping, Sequence

from quart import Blueprint, Response, request

from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done
from authgate.languages import text
from authgate.mail import TooManyMails
from authgate.mail.trial import Tried
from authgate.mail_addresses import BadAddress
from authgate.permissions import Area, reads, writes
from authgate.provisioning.mail_servers import (
    NoMailServer,
    UnfitMailServer,
    Wanted,
    mail_plugins,
    remove_mail_server,
    set_mail_server,
    try_mail_server,
)
from authgate.storage.mail import mail_servers
from authgate.storage.mail.mail_servers import MailServer
from authgate.vocabulary import MailSecurity
from authgate.web.console_view_models import Done
from authgate.web.mail_server_view_models import MailServerFields, MailServerPage, TriedStep

_HERE = "/mail-server"


class MailServerPages:
    """The tenant's mail server."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("mail-server")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.SETTINGS))
        routes.post(f"{ROOT}{_HERE}", self.change, writes(Area.SETTINGS))
        routes.post(f"{ROOT}{_HERE}/test", self.test, writes(Area.SETTINGS))
        routes.post(f"{ROOT}{_HERE}/remove", self.remove, writes(Area.SETTINGS))
        return routes.blueprint

    async def show(self) -> Response:
        """The server that there is, if there is one."""
        return await self._page()

    async def change(self) -> Response:
        """Have it be another one, or show again what was typed, the password excepted."""
        refuse_guest()
        form = await request.form
        fields = MailServerFields(
            *(form.get(each, "").strip() for each in MailServerFields.__slots__)
        )
        try:
            wanted = _wanted(fields, form.get("password", ""))
            await set_mail_server(self._console.parts, wanted, actor=actor())
        except UnfitMailServer as error:
            return await self._page(fields=fields, faults={error.field: str(error)})
        return done(_HERE, Done.CHANGED)

    async def test(self) -> Response:
        """Send a test mail, and show how far it got."""
        recipient = (await request.form).get("recipient", "").strip()
        try:
            tried = await try_mail_server(self._console.parts, recipient, actor=actor())
        except NoMailServer:
            return done(_HERE, Done.NOTHING)
        except BadAddress as error:
            return await self._page(recipient=recipient, faults={"recipient": str(error)})
        except TooManyMails:
            fault = text("Too many mails within an hour: wait.")
            return await self._page(recipient=recipient, faults={"recipient": fault})
        return await self._page(recipient=recipient, tried=tried)

    async def remove(self) -> Response:
        """Have the installation's server send again."""
        refuse_guest()
        try:
            await remove_mail_server(actor=actor())
        except NoMailServer:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.MAIL_SERVER_REMOVED)

    async def _page(
        self,
        *,
        fields: MailServerFields | None = None,
        recipient: str | None = None,
        faults: Mapping[str, str] | None = None,
        tried: Sequence[Tried] = (),
    ) -> Response:
        own, user = await mail_servers.find(), signed_in().user
        settings = self._console.parts.settings.mail
        content = MailServerPage(
            frame=await self._console.frame(),
            action=frame.url(_HERE),
            test_action=frame.url(f"{_HERE}/test"),
            remove_action=frame.url(f"{_HERE}/remove"),
            host=own.name if own else "",
            plugins=mail_plugins(self._console.parts),
            has_password=own is not None and own.sealed_password is not None,
            installation_sends=bool(settings.host or settings.plugin),
            fields=fields or _fields(own, user.email if recipient is None else recipient),
            faults=faults or {},
            tried=[
                TriedStep(each.step, each.outcome, each.fault or "", each.code, each.said)
                for each in tried
            ],
        )
        return self._console.show("mail_server.html", content, 400 if faults else 200)


def _wanted(fields: MailServerFields, password: str) -> Wanted:
    """Raises ``UnfitMailServer``."""
    if fields.plugin:  # what the form holds of a server is not meant
        return Wanted(plugin=fields.plugin, sender=fields.sender)
    if fields.security not in set(MailSecurity):
        raise UnfitMailServer("security", text("Choose one of them."))
    if not (fields.port.isascii() and fields.port.isdigit() and len(fields.port) < 6):
        raise UnfitMailServer("port", text("A number."))
    return Wanted(
        host=fields.host,
        port=int(fields.port),
        security=MailSecurity(fields.security),
        username=fields.username,
        password=password or None,
        sender=fields.sender,
    )


def _fields(own: MailServer | None, recipient: str | None) -> MailServerFields:
    if own is None:
        return MailServerFields()
    return MailServerFields(
        host=own.host,
        plugin=own.plugin,
        port=str(own.port),
        security=own.security,
        username=own.username,
        sender=own.sender,
        recipient=recipient or "",
    )
