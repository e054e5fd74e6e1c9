"""A plugin that sends mail in the place of a mail server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from uuid import UUID

import structlog

from authgate.mail.letters import Letter
from authgate.mail.smtp import NotSent, as_told, message_id
from authgate.plugin_api import MailMessage, MailNotSent
from authgate.plugin_manager import LoadedPlugins, NotConfigured, Outcome, PluginFailed
from authgate.plugin_manager.containment import Fault
from authgate.plugin_manager.isolation import place_of
from authgate.vocabulary import MailFault, MailPurpose
from authgate_tenants import current_tenant

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Which plugin sends, and in whose name."""

    plugin: str
    sender: str
    settings: Mapping[str, object] | None = field(default=None, repr=False)
    """Those of the installation; ``None`` where the tenant has chosen the plugin, and set it up."""


def message(
    provider: Provider, letter: Letter, *, mail_id: UUID, to: str, purpose: MailPurpose
) -> MailMessage:
    """The current tenant's mail as the plugin is given it. The same id each time."""
    return MailMessage(
        tenant=current_tenant().slug,
        message_id=message_id(mail_id, provider.sender),
        purpose=purpose.value,
        sender=provider.sender,
        recipient=to,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
    )


async def send(plugins: LoadedPlugins, provider: Provider, mail: MailMessage) -> None:
    """Have the plugin take the mail. Raises ``NotSent``."""
    tenant, name = current_tenant(), provider.plugin
    is_own = provider.settings is None
    if name not in plugins.mail.names or (is_own and name not in tenant.settings.running_plugins):
        raise NotSent(
            f"No plugin {name!r} that sends mail runs for the tenant.", fault=MailFault.NOT_SET_UP
        )
    try:
        taken = await plugins.mail.send(
            mail, plugin=name, tenant_id=tenant.id, settings=provider.settings
        )
    except MailNotSent as said:
        text = f"The plugin {name!r} says: {as_told(str(said))}"
        raise NotSent(text, fault=MailFault.REFUSED, final=said.final is True) from said
    except NotConfigured as error:
        text = f"The plugin {name!r} lacks settings."
        raise NotSent(text, fault=MailFault.NOT_SET_UP) from error
    except PluginFailed as failed:
        _refuse(name, failed)
    _log.info("mail taken", plugin=name, reference=taken.reference, mail=mail.message_id)


_FAULTS = {Outcome.TOO_SLOW: MailFault.SLOW, Outcome.SUSPENDED: MailFault.UNREACHABLE}
"""Where the next mail would fare the same; else it may be this one."""


def _refuse(plugin: str, failed: PluginFailed) -> NoReturn:
    why = failed.__cause__
    place = f", {place_of(why)}" if isinstance(why, Fault) else ""
    raise NotSent(
        f"The plugin {plugin!r} failed: {failed.outcome}{place}.",
        fault=_FAULTS.get(failed.outcome, MailFault.PLUGIN_FAILED),
    ) from failed
