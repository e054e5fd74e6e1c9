"""The plugins that send mail, and what they say to that."""

from collections.abc import Mapping
from uuid import UUID

import pluggy

from authgate.plugin_api import HttpClient, MailMessage, MailNotSent, MailTaken, hookspecs
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.configs import Configs
from authgate.plugin_manager.containment import WrongResult
from authgate.plugin_manager.implementations import implementations
from authgate.plugin_manager.isolation import Isolation, Target

_LONGEST = 200


class MailPlugins:
    """Those that are installed."""

    def __init__(
        self,
        installed: pluggy.PluginManager,
        *,
        isolation: Isolation,
        configs: Configs,
        http: HttpClient,
    ) -> None:
        self._isolation = isolation
        self._configs = configs
        self._http = http
        self._send = dict(implementations(installed, "send_mail"))

    @property
    def names(self) -> frozenset[str]:
        """Which plugins send mail."""
        return frozenset(self._send)

    async def send(
        self,
        message: MailMessage,
        *,
        plugin: str,
        tenant_id: UUID,
        settings: Mapping[str, object] | None = None,
    ) -> MailTaken:
        """Have the plugin send a mail of this tenant, which is in scope: by the tenant's own
        settings, or by these.

        Raises ``KeyError`` where no such plugin sends mail, ``MailNotSent`` as the plugin raised
        it, ``NotConfigured`` and ``PluginFailed``.
        """
        send = self._send[plugin]
        target = Target(tenant_id=tenant_id, plugin=plugin, call="send_mail")
        if settings is None:
            config = await self._configs.of(target)
        else:
            config = await self._configs.made(target, settings)
        return await self._isolation.run(
            send({"message": message, "config": config, "http": self._http}),
            target,
            budget=rules_of(hookspecs.send_mail).budget,
            accept=checked_taken,
            answers=(MailNotSent,),
        )


def checked_taken(result: object) -> MailTaken:
    """That the mail was taken. Raises ``WrongResult`` where this does not say so."""
    # An exact type, down to its text: a subclass could run a plugin's code here.
    if type(result) is not MailTaken:
        raise WrongResult(f"{type(result).__name__} instead of MailTaken")
    reference: object = result.reference
    if type(reference) is not str or len(reference) > _LONGEST or not reference.isprintable():
        raise WrongResult(f"no line of at most {_LONGEST} characters")
    return result
