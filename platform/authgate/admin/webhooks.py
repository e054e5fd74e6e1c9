"""``/webhooks``: where the tenant has events sent, and the secrets that they are signed with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue

from authgate import storage
from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, MergePatch, operation, told
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.storage.webhooks import endpoints
from authgate.storage.webhooks.endpoints import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_URL,
    Endpoint,
    EndpointDraft,
    EndpointTaken,
)
from authgate.tokens.admin_scopes import Scope
from authgate.webhooks import administering, pausing, replaying, secrets
from authgate.webhooks.administering import (
    LONGEST_OVERLAP,
    SecretsUnreadable,
    TooManyEndpoints,
    TooManySecrets,
    UnfitEndpoint,
    UnknownEndpoint,
)
from authgate.webhooks.choosing import MOST_NAMED
from authgate.webhooks.replaying import NothingToReplay
from authgate_tenants import current_tenant

_Names = Annotated[Sequence[Annotated[str, Field(max_length=64)]], Field(max_length=MOST_NAMED)]
_HOUR = timedelta(hours=1)
_HOURS = int(secrets.OVERLAP / _HOUR)
_EXAMPLE: dict[str, JsonValue] = {
    "name": "billing",
    "url": "https://hooks.example.com/authgate",
    "description": "Keeps the accounts of billing as they are here",
    "event_types": ["CLIENT_SECRET_REGENERATED"],
    "areas": [],
    "lifecycles": ["user.created", "user.deleted"],
    "enabled": True,
}
_MARK: dict[str, JsonValue] = {
    "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901111",
    "created_at": "2026-03-02T09:12:44Z",
    "ends_at": None,
}
_KNOWN: dict[str, JsonValue] = {
    "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901212",
    **_EXAMPLE,
    "state": "active",
    "failures": 0,
    "failing_since": None,
    "paused_at": None,
    "pause_reason": "",
    "secrets": [_MARK],
    "created_at": "2026-03-02T09:12:44Z",
    "updated_at": "2026-03-02T09:12:44Z",
}


class WebhookState(StrEnum):
    """How it is with a webhook."""

    ACTIVE = "active"
    FAILING = "failing"
    """It has not taken what it was sent last, which is tried again."""
    PAUSED = "paused"
    """It took nothing for days: it is left alone until somebody resumes it."""
    DISABLED = "disabled"


class WebhookSettings(Document):
    """Where events go, and which. What is named in any of the three lists is sent; everything is
    where nothing is named."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    """Once in a tenant."""

    url: Annotated[str, Field(max_length=LONGEST_URL)]
    """An https address that is public, or allowed by the installation."""

    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""
    event_types: _Names = ()
    """Types of the audit log's events, such as `CLIENT_CREATED`."""

    areas: _Names = ()
    """Areas of the log: `signing-in`, `granting`, `clients`, `people`, `tenant`, `operators`,
    `protection`, `auditing`."""

    lifecycles: _Names = ()
    """What came, changed or went, such as `user.created`: events that tell of it and succeeded."""

    enabled: bool = True
    """One that is not is sent nothing of what happens meanwhile."""

    def draft(self) -> EndpointDraft:
        """The same as an endpoint is made of it."""
        return EndpointDraft(*(getattr(self, name) for name in EndpointDraft._fields))


class WebhookCreation(WebhookSettings):
    """A webhook to be."""

    model_config = exemplified(**_EXAMPLE)


class WebhookSecretMark(Document):
    """A secret that what is sent is signed with, without itself."""

    model_config = exemplified(**_MARK)

    id: str
    created_at: datetime
    ends_at: datetime | None
    """When it signs no more; `null` where another one has not followed it."""


class WebhookDocument(WebhookSettings):
    """A webhook."""

    model_config = exemplified(**_KNOWN)
    passing = frozenset(
        {"state", "failures", "failing_since", "paused_at", "pause_reason", "updated_at"}
    )

    id: UUID
    state: WebhookState
    failures: int
    """Attempts in a row that went wrong."""

    failing_since: datetime | None
    paused_at: datetime | None
    pause_reason: str
    secrets: Sequence[WebhookSecretMark]
    created_at: datetime
    updated_at: datetime


class NewWebhookDocument(WebhookDocument):
    """A webhook that was made, or that signs with one secret more."""

    model_config = exemplified(**_KNOWN, secret="whsec_…")

    secret: str
    """Told this once."""


class WebhookList(Document):
    """All of them, by their names; there are at most twenty."""

    items: Sequence[WebhookDocument]


class WebhookSecretList(Document):
    """Those that sign, the oldest first."""

    items: Sequence[WebhookSecretMark]


class WebhookSecretWish(Document):
    """For how long the former secrets sign as well."""

    model_config = exemplified(overlap_hours=_HOURS)

    overlap_hours: Annotated[int, Field(ge=0, le=int(LONGEST_OVERLAP / _HOUR))] = _HOURS
    """0: they sign no more at once."""


class WebhookStep(Document):
    """A step of a test."""

    name: str
    passed: bool
    said: str


class WebhookTest(Document):
    """What came of a test event."""

    model_config = exemplified(
        passed=True, steps=[{"name": "Answer", "passed": True, "said": "It was taken."}]
    )

    passed: bool
    steps: Sequence[WebhookStep]


async def list_webhooks(call: Call[Nothing, Nothing]) -> Answer[WebhookList]:
    """List where events are sent."""
    return Answer(WebhookList(items=[document(each) for each in await endpoints.every()]))


async def create_webhook(call: Call[Nothing, WebhookCreation]) -> Answer[NewWebhookDocument]:
    """Have events of the audit log sent to an address.

    What happens from now on is sent, signed with a secret that is told this once.
    """
    call.caller.refuse_guest()
    with worded():
        endpoint, secret = await administering.add(
            call.parts, call.body.draft(), actor=call.caller.actor
        )
    place = f"{current_tenant().issuer}{BASE}/webhooks/{endpoint.id}"
    return Answer(_made(endpoint, secret.text), ((b"location", place.encode("ascii")),))


async def read_webhook(call: Call[Nothing, Nothing]) -> Answer[WebhookDocument]:
    """Read where events are sent, and which."""
    return Answer(document(await named(call)))


async def change_webhook(
    call: Call[Nothing, MergePatch[WebhookSettings]],
) -> Answer[WebhookDocument]:
    """Change where events are sent, and which.

    Its secrets stay. Enabled again, it is sent what happens from then on.
    """
    call.caller.refuse_guest()
    async with storage.transaction():
        former = await endpoints.held(call.uuid("webhook_id"))
        if former is None:
            raise NotFound
        call.refuse_if_changed(document(former))
        after = call.body.applied(told(former.draft(), WebhookSettings))
        with worded():
            changed = await administering.change(
                call.parts, former.id, after.draft(), actor=call.caller.actor
            )
    return Answer(document(changed))


async def delete_webhook(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Have nothing sent there any more. What was sent is forgotten."""
    call.caller.refuse_guest()
    async with storage.transaction():
        endpoint = await named(call)
        call.refuse_if_changed(document(endpoint), required=False)
        with worded():
            await administering.remove(endpoint.id, actor=call.caller.actor)
    return Answer(None)


async def list_webhook_secrets(call: Call[Nothing, Nothing]) -> Answer[WebhookSecretList]:
    """List the secrets that what is sent is signed with, without themselves."""
    there = secrets.signing(await named(call), call.parts.clock())
    return Answer(WebhookSecretList(items=[told(each, WebhookSecretMark) for each in there]))


async def add_webhook_secret(
    call: Call[Nothing, WebhookSecretWish],
) -> Answer[NewWebhookDocument]:
    """Sign with one secret more, which is told this once.

    The former ones sign as well for a while, so that whoever receives may change over.
    """
    call.caller.refuse_guest()
    with worded():
        endpoint, secret = await administering.add_secret(
            call.parts,
            call.uuid("webhook_id"),
            overlap=call.body.overlap_hours * _HOUR,
            actor=call.caller.actor,
        )
    return Answer(_made(endpoint, secret.text))


async def delete_webhook_secret(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Sign no more with a secret. The last one stays."""
    call.caller.refuse_guest()
    with worded():
        await administering.remove_secret(
            call.parts,
            call.uuid("webhook_id"),
            str(call.uuid("secret_id")),
            actor=call.caller.actor,
        )
    return Answer(None)


async def resume_webhook(call: Call[Nothing, Nothing]) -> Answer[WebhookDocument]:
    """Go on with a webhook that was left alone, from where that was."""
    call.caller.refuse_guest()
    with worded():
        endpoint = await pausing.resume(
            call.parts, call.uuid("webhook_id"), actor=call.caller.actor
        )
    return Answer(document(endpoint))


async def test_webhook(call: Call[Nothing, Nothing]) -> Answer[WebhookTest]:
    """Send a test event, and tell what came of it step by step."""
    call.caller.refuse_guest()
    with worded():
        steps = await replaying.try_out(
            call.parts, call.uuid("webhook_id"), actor=call.caller.actor
        )
    said = [told(each, WebhookStep) for each in steps]
    return Answer(WebhookTest(passed=all(each.passed for each in steps), steps=said))


async def named(call: Call[Any, Any]) -> Endpoint:
    """The webhook of the path. Raises ``NotFound``."""
    endpoint = await endpoints.find(call.uuid("webhook_id"))
    if endpoint is None:
        raise NotFound
    return endpoint


@contextmanager
def worded() -> Iterator[None]:
    """What cannot be, as the API says it."""
    try:
        yield
    except UnknownEndpoint as error:
        raise NotFound from error
    except UnfitEndpoint as error:
        raise Invalid(faults=[Fault(str(error), pointer=f"/{error.field}")]) from error
    except EndpointTaken as error:
        raise Conflict("There is a webhook of this name.") from error
    except (TooManyEndpoints, TooManySecrets, SecretsUnreadable, NothingToReplay) as error:
        raise Conflict(str(error)) from error


def state(endpoint: Endpoint) -> WebhookState:
    """How it is with it."""
    if not endpoint.enabled:
        return WebhookState.DISABLED
    if endpoint.paused_at is not None:
        return WebhookState.PAUSED
    return WebhookState.FAILING if endpoint.failures else WebhookState.ACTIVE


def document(endpoint: Endpoint) -> WebhookDocument:
    """A webhook as it is told."""
    return WebhookDocument.model_validate(_said(endpoint))


def _made(endpoint: Endpoint, secret: str) -> NewWebhookDocument:
    return NewWebhookDocument.model_validate({**_said(endpoint), "secret": secret})


def _said(endpoint: Endpoint) -> dict[str, Any]:
    names = WebhookDocument.model_fields.keys() - {"state", "secrets"}
    marks = [told(each, WebhookSecretMark) for each in endpoint.marks]
    return {
        **{name: getattr(endpoint, name) for name in names},
        "state": state(endpoint),
        "secrets": marks,
    }


_READ, _WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
_ONE = "/webhooks/{webhook_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/webhooks", list_webhooks, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/webhooks",
        create_webhook,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_webhook, scope=_READ),
    operation(HTTPMethod.PATCH, _ONE, change_webhook, scope=_WRITE, problems=[Conflict]),
    operation(HTTPMethod.DELETE, _ONE, delete_webhook, scope=_WRITE, status=HTTPStatus.NO_CONTENT),
    operation(HTTPMethod.GET, f"{_ONE}/secrets", list_webhook_secrets, scope=_READ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/secrets",
        add_webhook_secret,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(
        HTTPMethod.DELETE,
        f"{_ONE}/secrets/{{secret_id}}",
        delete_webhook_secret,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
    operation(HTTPMethod.POST, f"{_ONE}/resume", resume_webhook, scope=_WRITE),
    operation(HTTPMethod.POST, f"{_ONE}/test", test_webhook, scope=_WRITE),
]
