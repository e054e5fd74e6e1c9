"""How endpoints begin, change and end, and how their secrets follow each other."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.plugin_api.hosts import is_https
from authgate.storage.audit import unsealed
from authgate.storage.webhooks import endpoints, sendings
from authgate.storage.webhooks.endpoints import Endpoint, EndpointDraft, SecretMark
from authgate.webhooks import choosing, secrets
from authgate.webhooks.messages import host_of
from authgate.webhooks.secrets import NewSecret
from authgate_tenants import current_tenant, lifecycle
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey

MOST: Final = 20
"""Endpoints of a tenant."""

LONGEST_OVERLAP: Final = timedelta(days=30)


class UnknownEndpoint(LookupError):
    """The tenant has no such endpoint, or it has no such secret."""


class TooManyEndpoints(ValueError):
    """The tenant has as many as there may be. The text may be told."""


class TooManySecrets(ValueError):
    """The endpoint has as many as there may be, or would have none. The text may be told."""


class SecretsUnreadable(ValueError):
    """Those that are to stay cannot be opened. The text may be told."""


class UnfitEndpoint(ValueError):
    """Something about an endpoint that cannot be; ``field`` is what would have to be another."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


async def add(
    parts: Installation, draft: EndpointDraft, *, actor: Actor = SYSTEM
) -> tuple[Endpoint, NewSecret]:
    """Have events of the current tenant sent there from now on. Raises ``UnfitEndpoint``,
    ``EndpointTaken`` and ``TooManyEndpoints``."""
    draft = checked(draft)
    now = parts.clock()
    async with storage.savepoint():
        await lifecycle.locked(current_tenant().id)
        if await endpoints.count() >= MOST:
            raise TooManyEndpoints(text("There are %(most)s already.", most=MOST))
        secret, endpoint_id = secrets.made(now), endpoints.new_id()
        await endpoints.create(endpoint_id, draft, place=await unsealed.last_place(), now=now)
        sealed = await secrets.sealed(parts, endpoint_id, {secret.mark.id: secret.text})
        await endpoints.keep_secrets(endpoint_id, [secret.mark], sealed, now=now)
        endpoint = await held(endpoint_id)
        await record(Event.WEBHOOK_CREATED, endpoint, actor, _said(draft))
    return endpoint, secret


async def change(
    parts: Installation, endpoint_id: UUID, draft: EndpointDraft, *, actor: Actor = SYSTEM
) -> Endpoint:
    """Have an endpoint be so. One that is enabled again is sent what happens from then on; of one
    that is not any more nothing waits. Raises ``UnknownEndpoint``, ``UnfitEndpoint`` and
    ``EndpointTaken``."""
    draft = checked(draft)
    now = parts.clock()
    async with storage.savepoint():
        former = await held(endpoint_id)
        was, becomes = former.draft().values(), draft.values()
        if was == becomes:
            return former
        await endpoints.change(endpoint_id, draft, now=now)
        if draft.enabled and not former.enabled:
            await endpoints.begin_at(endpoint_id, place=await unsealed.last_place())
            await endpoints.resume(endpoint_id, now=now)
        if former.enabled and not draft.enabled:
            await sendings.give_up_old(
                endpoint_id, before=now + timedelta(days=1), now=now, error="It was switched off."
            )
        changed = sorted(each for each in was if was[each] != becomes[each])
        before, after = _said(former.draft()), _said(draft)
        told = {
            "was": {each: before[each] for each in changed},
            "is": {each: after[each] for each in changed},
        }
        endpoint = await held(endpoint_id)
        await record(Event.WEBHOOK_UPDATED, endpoint, actor, told)
    return endpoint


async def remove(endpoint_id: UUID, *, actor: Actor = SYSTEM) -> None:
    """Have nothing sent there any more, and forget what was. Raises ``UnknownEndpoint``."""
    async with storage.savepoint():
        endpoint = await held(endpoint_id)
        await sendings.remove(endpoint_id)
        await endpoints.remove(endpoint_id)
        await record(Event.WEBHOOK_DELETED, endpoint, actor, {"was": _said(endpoint.draft())})


async def add_secret(
    parts: Installation, endpoint_id: UUID, *, overlap: timedelta, actor: Actor = SYSTEM
) -> tuple[Endpoint, NewSecret]:
    """Sign with one secret more; the former ones sign for so long as well. Raises
    ``UnknownEndpoint``, ``TooManySecrets`` and ``SecretsUnreadable``."""
    now = parts.clock()
    async with storage.savepoint():
        endpoint = await held(endpoint_id)
        kept = secrets.signing(endpoint, now)
        if len(kept) >= secrets.MOST:
            said = text("There are %(most)s already: take one away.", most=secrets.MOST)
            raise TooManySecrets(said)
        secret, ends = secrets.made(now), now + overlap
        marks = [_until(each, ends) for each in kept] if overlap else []
        await _keep(parts, endpoint, [*marks, secret.mark], {secret.mark.id: secret.text})
        until = ends.isoformat() if marks else None
        told = {"secret_id": secret.mark.id, "former_until": until}
        await record(Event.WEBHOOK_SECRET_ADDED, endpoint, actor, told)
        return await held(endpoint_id), secret


async def remove_secret(
    parts: Installation, endpoint_id: UUID, secret_id: str, *, actor: Actor = SYSTEM
) -> None:
    """Sign no more with a secret. Raises ``UnknownEndpoint``, ``TooManySecrets`` and
    ``SecretsUnreadable``."""
    async with storage.savepoint():
        endpoint = await held(endpoint_id)
        kept = secrets.signing(endpoint, parts.clock())
        left = [each for each in kept if each.id != secret_id]
        if len(left) == len(kept):
            raise UnknownEndpoint(secret_id)
        if not any(each.ends_at is None for each in left):
            raise TooManySecrets(text("It is the only one that stays: add another one before."))
        await _keep(parts, endpoint, left, {})
        await record(Event.WEBHOOK_SECRET_REMOVED, endpoint, actor, {"secret_id": secret_id})


def _until(mark: SecretMark, ends: datetime) -> SecretMark:
    """The same secret, which signs until then at the latest."""
    return mark._replace(ends_at=min(mark.ends_at or ends, ends))


async def held(endpoint_id: UUID) -> Endpoint:
    """The endpoint as it is in the open unit of work. Raises ``UnknownEndpoint``."""
    endpoint = await endpoints.held(endpoint_id)
    if endpoint is None:
        raise UnknownEndpoint(endpoint_id)
    return endpoint


def checked(draft: EndpointDraft) -> EndpointDraft:
    """The draft, if an endpoint can be so. Raises ``UnfitEndpoint``."""
    draft = draft._replace(name=draft.name.strip())
    if not draft.name or not draft.name.isprintable():
        raise UnfitEndpoint("name", text("1 to 80 characters that can be seen."))
    if not is_https(draft.url):
        fault = text("An https address of plain characters, without a user name or a fragment.")
        raise UnfitEndpoint("url", fault)
    for field, place in choosing.unknown(draft):
        raise UnfitEndpoint(f"{field}/{place}", text("There is nothing of this name."))
    return draft


async def record(
    event: Event,
    endpoint: Endpoint,
    actor: Actor,
    details: Mapping[str, Any],
    *,
    success: bool = True,
) -> None:
    """Write down what became of an endpoint."""
    await audit.record(
        event,
        actor=actor,
        success=success,
        resource=("webhook", str(endpoint.id)),
        details={"name": endpoint.name, "host": host_of(endpoint), **details},
    )


async def _keep(
    parts: Installation, endpoint: Endpoint, marks: list[SecretMark], new: Mapping[str, str]
) -> None:
    # Where all that stays is new it does not matter whether the former can be opened.
    stays = any(each.id not in new for each in marks)
    try:
        former = await secrets.opened(parts, endpoint) if stays else {}
    except (SealBroken, UnknownKeyEncryptionKey) as error:
        said = text("The former secrets cannot be opened: add one without overlap.")
        raise SecretsUnreadable(said) from error
    texts = {**former, **new}
    wanted = {each.id: texts[each.id] for each in marks}
    sealed = await secrets.sealed(parts, endpoint.id, wanted)
    await endpoints.keep_secrets(endpoint.id, marks, sealed, now=parts.clock())


def _said(draft: EndpointDraft) -> dict[str, Any]:
    """What an event tells of it: of the address, which may have a secret in its path, where it is
    and whether it is the same again. So little of a digest fits too many to tell one."""
    address = f"{current_tenant().id} {draft.url}".encode()
    digest = hashlib.sha256(address).hexdigest()[:4]
    return {**draft.values(), "url": f"https://{host_of(draft)} #{digest}"}
