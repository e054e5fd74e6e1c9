"""Mail: that its server lets us in, and that none waits."""

from collections.abc import AsyncIterator
from datetime import timedelta

from authgate import plugin_manager
from authgate.clock import utc_now
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.diagnosis.network import is_local
from authgate.mail import servers, smtp
from authgate.mail.providers import Provider
from authgate.mail.smtp import NotSent
from authgate.plugin_api import ConnectorConfigError, parse_config
from authgate.plugin_manager import ConfigTypes, PluginRefused
from authgate.plugin_manager.implementations import implementations
from authgate.settings import MailSettings, Settings
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

MAIL_PLUGIN_UNFIT = Misconfiguration(
    code="mail-plugin-unfit",
    area=Area.MAIL,
    wrong="The plugin that `mail.plugin` names is not installed, sends no mail, or cannot work with"
    " `mail.plugin_settings`.",
    why="No mail leaves: nobody can accept an invitation.",
    cure="Install the plugin (`authgate plugin list`), or correct `mail.plugin_settings`.",
)

_TEN_MINUTES = timedelta(minutes=10)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """What is wrong with the installation's server, or that nothing is."""
    mail = settings.mail
    if mail.plugin:
        yield _of_plugin(mail)
        return
    server = servers.server_of_installation(mail)
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


def _of_plugin(mail: MailSettings) -> Finding:
    carrier = servers.of_installation(mail)
    settings = carrier.settings if isinstance(carrier, Provider) else None
    try:
        installed = plugin_manager.load()
        sends = mail.plugin in dict(implementations(installed, "send_mail"))
        kind = ConfigTypes(installed).types.get(mail.plugin)
        if not sends:
            return MAIL_PLUGIN_UNFIT.found(f"{mail.plugin} is not there, or sends no mail")
        if kind is not None:
            parse_config(kind, settings or {})
    except PluginRefused:
        return MAIL_PLUGIN_UNFIT.found(f"{mail.plugin} may be there: a plugin is refused")
    except ConnectorConfigError as error:
        return MAIL_PLUGIN_UNFIT.found(f"mail.plugin_settings: {error}")
    except Exception as error:  # noqa: BLE001  # the plugin's own; its text may hold a secret
        return MAIL_PLUGIN_UNFIT.found(f"mail.plugin_settings: {mail.plugin} raised {_kind(error)}")
    return well(Area.MAIL, f"the plugin {mail.plugin} sends")


def _kind(error: Exception) -> str:
    return type(error).__name__


async def leftovers(settings: Settings) -> AsyncIterator[Finding]:
    """Whether mail waits in the open database."""
    since = utc_now() - _TEN_MINUTES
    waiting = await due_mails.waiting(settings.database, since=since)
    if waiting:
        yield MAIL_WAITS.found(f"{waiting} mail{'s' if waiting > 1 else ''}")
