"""A tenant's HTTP target on this machine, and the plugin that asks it, as the server has it."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from standardwebhooks import Webhook, WebhookVerificationError

from authgate.plugin_api import AuditEvent, Lifecycle, LoginRequest, TokenClaimsRequest
from authgate.plugin_manager import (
    Configs,
    ConfigTypes,
    GuardedHttp,
    Isolation,
    Plugins,
    load,
)
from authgate.pretend.host import Answer, Asked

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

CLAIMS = TokenClaimsRequest(
    tenant="acme",
    issuer="https://sso.example/t/acme",
    client_id="cli",
    subject="alice",
    grant_type="client_credentials",
    scope=frozenset({"write", "read"}),
)
LOGIN = LoginRequest(
    tenant="acme",
    subject="alice",
    client_id="web",
    address="192.0.2.7",
    amr=("pwd",),
    acr="1",
    connection="",
    new_browser=True,
)


EVENT = AuditEvent(
    id="",
    tenant="acme",
    type="USER_CREATED",
    lifecycle=Lifecycle.USER_CREATED,
    severity="INFO",
    occurred_at=datetime(2026, 3, 2, 9, 12, 44, 31000, tzinfo=UTC),
    success=True,
    actor_type="system",
    actor_id="",
    actor_name="",
    client_id="",
    resource_type="user",
    resource_id="alice",
    address="192.0.2.7",
    user_agent="",
    request_id="",
    details={"username": "alice"},
)


def said(**answer: object) -> Answer:
    """What a target answers."""
    return Answer(body=json.dumps(answer).encode())


def is_signed(asked: Asked, secret: str) -> bool:
    """Whether a receiver with this secret believes it, by the library for receivers."""
    try:
        Webhook(secret).verify(asked.body, dict(asked.headers))
    except WebhookVerificationError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Opened:
    values: dict[str, object]
    made: list[object] = field(default_factory=list)


class Bench:
    """Asks the plugin for tenants that have set it up, each with this host as its target."""

    def __init__(self, host: str, http: GuardedHttp, isolation: Isolation) -> None:
        self.settings: dict[str, object] = {
            "url": f"https://{host}/hook?of=acme",
            "secret": SECRET,
            "token_claims": True,
            "login_policy": True,
        }
        self.secrets: dict[UUID, str] = {}
        """Those of tenants that have another one."""
        self._opened: dict[UUID, _Opened] = {}
        installed = load()
        self.plugins = Plugins(
            installed,
            isolation=isolation,
            configs=Configs(ConfigTypes(installed), source=self, isolation=isolation),
            http=http,
        )
        self.acme = uuid4()

    async def of(self, plugin: str, *, tenant_id: UUID) -> _Opened:
        """What a tenant has set."""
        assert plugin == "http-target"
        own = self.secrets.get(tenant_id)
        values = self.settings | ({"secret": own} if own else {})
        if self._opened.get(tenant_id, _Opened({})).values != values:
            self._opened[tenant_id] = _Opened(values)
        return self._opened[tenant_id]

    async def claims(self, *, tenant_id: UUID | None = None) -> dict[str, Any]:
        """What a token is to say."""
        added = await self.plugins.token_claims(
            CLAIMS,
            tenant_id=tenant_id or self.acme,
            enabled=("http-target",),
            private_claim_prefix="extra",
        )
        return dict(added.claims)

    async def tell(self, *ids: str) -> None:
        """Tell it what has happened."""
        await self.plugins.tell(
            "http-target", [replace(EVENT, id=each) for each in ids], tenant_id=self.acme
        )

    async def shown(self) -> dict[str, tuple[bool, str]]:
        """What test events come to."""
        steps = await self.plugins.examine_config("http-target", tenant_id=self.acme, tenant="acme")
        return {each.name: (each.passed, each.said) for each in steps}

    async def objection(self, *, tenant_id: UUID | None = None) -> Any:
        """What is said to a sign-in."""
        objection = await self.plugins.login_policy(
            LOGIN, tenant_id=tenant_id or self.acme, enabled=("http-target",)
        )
        return objection.decision if objection else None
