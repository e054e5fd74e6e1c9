"""Mail: that its server lets us in, and that none waits."""

from collections.abc import AsyncIterator
from datetime import timedelta

from authgate.clock import utc_now
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.diagnosis.network import is_local
from authgate.mail import servers, smtp
from authgate.mail.smtp import NotSent
from authgate.settings import Settings
from authgate.storage.sweep import due_mails

MAIL_SERVER_REFUSES = Misconfiguration(
    code="mail-server-refuses",
    area=Area.MAIL,
    wrong="The installation's mail server is away, is not believed, or refuses the login or the"
    " sender.",
    why="No mail leaves: nobody can accept an invitation.",
    cure="Correct `mail.host`, `mail.port`, `mail.security`, `mail.username`, `mail.password` and"
    " `mail.sender`.",
)
MAIL_IN_THE_CLEAR = Misconfiguration(
    code="mail-in-the-clear",
    severity=Severity.WARNING,
    area=Area.MAIL,
    wrong="The mail server is on another machine, and `mail.security` is `none`.",
    why="Whoever is on the way reads the links in mail, and follows them first.",
    cure="Set `mail.security` to `starttls` or `tls`.",
)
MAIL_WAITS = Misconfiguration(
    code="mail-waits",
    severity=Severity.WARNING,
    area=Area.MAIL,
    wrong="Mail has waited for more than ten minutes.",
    why="People wait for invitations that do not come.",
    cure="Look in the log for `mail not sent`; see that a server, or worker and beat, run.",
)

SIGN_UP_WITHOUT_MAIL = Misconfiguration(
    code="sign-up-without-mail",
    area=Area.MAIL,
    wrong="`sign_up.mode` is not `off`, and there is no mail server in the `prod` profile.",
    why="Who signs up waits for a mail that does not come.",
    cure="Set `mail.host` and `mail.sender`, and what the server asks for.",
)

_TEN_MINUTES = timedelta(minutes=10)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """What is wrong with the installation's server, or that nothing is."""
    mail = settings.mail
    server = servers.of_installation(mail)
    if server is None:
        if settings.profile == "prod" and settings.sign_up.mode != "off":
            yield SIGN_UP_WITHOUT_MAIL.found("mail.host is not set")
        else:
            yield well(Area.MAIL, "no server")
        return
    if mail.security == "none" and not is_local(f"smtp://{mail.host}"):
        yield MAIL_IN_THE_CLEAR.found(f"{mail.host}, mail.security is none")
    try:
        await smtp.greet(server)
    except NotSent as error:
        yield MAIL_SERVER_REFUSES.found(str(error).removesuffix("."))
    else:
        yield well(Area.MAIL, f"{mail.host} lets us in")


async def leftovers(settings: Settings) -> AsyncIterator[Finding]:
    """Whether mail waits in the open database."""
    since = utc_now() - _TEN_MINUTES
    waiting = await due_mails.waiting(settings.database, since=since)
    if waiting:
        yield MAIL_WAITS.found(f"{waiting} mail{'s' if waiting > 1 else ''}")
