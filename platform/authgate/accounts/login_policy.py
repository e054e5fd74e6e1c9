"""What a tenant's plugins say to a sign-in: asked once a person is known, before their browser is
signed in. Whoever cannot be asked lets nobody in."""

from collections.abc import Sequence

from quart import request

from authgate import audit, storage
from authgate.accounts import destinations, known_browsers
from authgate.accounts.second_factor_policy import is_offered
from authgate.accounts.second_factors import has_any
from authgate.audit import Event
from authgate.installation import Installation
from authgate.plugin_api import Deny, LoginRequest, StepUp
from authgate.plugin_manager import PluginFailed
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.tokens.authentication import ACR_VALUES, acr_of, is_worth, seen
from authgate_tenants import current_tenant


class LoginDenied(Exception):
    """A plugin lets nobody in this way. The text is for the person."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class StepUpRequired(Exception):
    """A plugin asks that more is proven first."""

    def __init__(self, acr: str) -> None:
        super().__init__(acr)
        self.acr = acr


class PolicyUnavailable(Exception):
    """A plugin that has a say could not be asked."""


class LoginPolicy:
    """Asks the plugins of whichever tenant is in scope."""

    def __init__(self, parts: Installation) -> None:
        self._plugins = parts.plugins.hooks
        self._encryption = parts.encryption
        self._clock = parts.clock

    async def check(
        self, user: User, *, amr: Sequence[str], connection: str = "", target: str = ""
    ) -> str:
        """The ``acr`` that this person has to reach before they are signed in, on the way to the
        target; empty where they have reached enough.

        Raises ``LoginDenied``, ``StepUpRequired`` where they have nothing to reach it by, and
        ``PolicyUnavailable``. Operators who come in as guests are let in
        by the tenant itself, and not asked about.
        """
        tenant = current_tenant()
        running = tenant.settings.running_plugins
        if user.is_guest or not self._plugins.judge_logins(running):
            return ""
        asked = await self._request(user, amr, connection, target)
        try:
            async with storage.set_aside():
                objection = await self._plugins.login_policy(
                    asked,
                    tenant_id=tenant.id,
                    enabled=running,
                    reached=[each for each in ACR_VALUES if is_worth(amr, each)],
                )
        except PluginFailed as error:
            await _note(user, asked, {"plugin": error.plugin, "failed": error.outcome})
            raise PolicyUnavailable from error
        if objection is None:
            return ""
        said = objection.decision
        if isinstance(said, StepUp):
            if not await _can_reach(user, said.acr):
                await _note(user, asked, {"plugin": objection.plugin, "asked_for": said.acr})
                raise StepUpRequired(said.acr)
            return said.acr
        told = said.text if isinstance(said, Deny) else ""
        await _note(user, asked, {"plugin": objection.plugin, "told": told})
        raise LoginDenied(told)

    async def _request(
        self, user: User, amr: Sequence[str], connection: str, target: str
    ) -> LoginRequest:
        destination = await destinations.behind(target, now=self._clock())
        return LoginRequest(
            tenant=current_tenant().slug,
            subject=str(user.id),
            client_id=destination.client_id,
            address=audit.request_facts.get().ip,
            amr=tuple(seen(amr)),
            acr=acr_of(amr),
            connection=connection,
            new_browser=not await self._is_known(user),
        )

    async def _is_known(self, user: User) -> bool:
        cipher = await self._encryption.cipher(current_tenant().id)
        return known_browsers.shown(request.headers, user, cipher=cipher) is not None


async def _can_reach(user: User, acr: str) -> bool:
    return acr in ACR_VALUES and is_offered() and await has_any(user.id)


async def _note(user: User, asked: LoginRequest, details: dict[str, str]) -> None:
    metrics.logins.add("policy", "denied")
    async with storage.set_aside():  # kept, whatever becomes of the request's own unit
        await audit.record(
            Event.LOGIN_DENIED,
            # Somebody who has proven who they are, and is signed in nowhere.
            actor=audit.Actor("anonymous", str(user.id), user.username),
            success=False,
            client_id=asked.client_id,
            resource=("user", str(user.id)),
            details={"connection": asked.connection, **details},
        )
