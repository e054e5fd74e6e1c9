"""``/admin/webhooks``: where what happens is sent, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.admin.console import frame, webhook_lines
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done, id_in_address, with_query
from authgate.admin.console.fresh_secret import FreshSecrets
from authgate.admin.console.webhook_lines import HERE
from authgate.audit.meanings import AREAS
from authgate.languages import by_plugin, text
from authgate.permissions import Area, reads, writes
from authgate.plugin_api import Lifecycle
from authgate.provisioning import audit_views
from authgate.storage.paging import BadCursor
from authgate.storage.webhooks import endpoints, sendings
from authgate.storage.webhooks.endpoints import Endpoint, EndpointTaken
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.vocabulary import DeliveryStatus
from authgate.web.connection_view_models import TestedStep
from authgate.web.console_view_models import Done, FilterLink
from authgate.web.webhook_view_models import (
    DeliveryPage,
    WebhookFields,
    WebhookFormPage,
    WebhookPage,
    WebhooksPage,
)
from authgate.webhooks import administering, messages, pausing, replaying
from authgate.webhooks.administering import (
    SecretsUnreadable,
    TooManyEndpoints,
    TooManySecrets,
    UnfitEndpoint,
    UnknownEndpoint,
)
from authgate.webhooks.replaying import NothingToReplay

_ONE = f"{ROOT}{HERE}/<row_id>"
_DELIVERY = f"{_ONE}/deliveries/<delivery_id>"
_PER_PAGE = 25
_OVERLAPS = {"0": timedelta(), "24": timedelta(hours=24), "168": timedelta(days=7)}


class WebhookPages:
    """The tenant's webhooks."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._fresh_secrets = FreshSecrets(console.parts.encryption)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("webhooks")
        routes.get(f"{ROOT}{HERE}", self.show, reads(Area.WEBHOOKS))
        routes.get(f"{ROOT}{HERE}/new", self.begin, writes(Area.WEBHOOKS))
        routes.post(f"{ROOT}{HERE}/new", self.create, writes(Area.WEBHOOKS))
        routes.get(_ONE, self.look, reads(Area.WEBHOOKS))
        routes.get(f"{_ONE}/edit", self.edit, writes(Area.WEBHOOKS))
        routes.post(f"{_ONE}/edit", self.change, writes(Area.WEBHOOKS))
        routes.post(f"{_ONE}/delete", self.delete, writes(Area.WEBHOOKS))
        routes.post(f"{_ONE}/test", self.test, writes(Area.WEBHOOKS))
        routes.post(f"{_ONE}/resume", self.resume, writes(Area.WEBHOOKS))
        routes.post(f"{_ONE}/secrets", self.add_secret, writes(Area.WEBHOOKS))
        routes.post(f"{_ONE}/secrets/<secret_id>", self.end_secret, writes(Area.WEBHOOKS))
        routes.post(f"{_ONE}/replay", self.replay_failed, writes(Area.WEBHOOKS))
        routes.get(_DELIVERY, self.look_at_delivery, reads(Area.WEBHOOKS))
        routes.post(f"{_DELIVERY}/replay", self.replay, writes(Area.WEBHOOKS))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them, by their names."""
        content = WebhooksPage(
            frame=await self._console.frame(),
            new_url=frame.url(f"{HERE}/new"),
            webhooks=[webhook_lines.line(each) for each in await endpoints.every()],
        )
        return self._console.show("webhooks.html", content)

    async def begin(self) -> Response:
        """An empty form."""
        refuse_guest()
        return await self._form(WebhookFields(), {})

    async def create(self) -> Response:
        """Have events sent, and show the secret; or show again what was typed."""
        refuse_guest()
        said = webhook_lines.typed(await request.form)
        try:
            endpoint, secret = await administering.add(
                self._console.parts, webhook_lines.draft(said), actor=actor()
            )
        except _FAULTS as error:
            return await self._form(said, _worded(error))
        return await self._shown_once(endpoint, secret.text)

    async def look(self, row_id: str) -> Response:
        """A webhook, and what it was sent; a secret that was made just now with it."""
        endpoint = await _named(row_id)
        secret = await self._fresh_secrets.taken(endpoint, now=self._console.now())
        answer = await self._page(endpoint, secret=secret or "")
        if secret:
            self._fresh_secrets.forget(answer)
        return answer

    async def edit(self, row_id: str) -> Response:
        """A webhook as it is."""
        refuse_guest()
        endpoint = await _named(row_id)
        return await self._form(webhook_lines.fields(endpoint), {}, endpoint)

    async def change(self, row_id: str) -> Response:
        """Have it be so, or show again what was typed; nothing over what somebody else has stored
        since it was shown."""
        refuse_guest()
        endpoint, form = await _held(row_id), await request.form
        if form.get("version") != webhook_lines.version(endpoint):
            fields = webhook_lines.fields(endpoint)
            return await self._form(fields, {}, endpoint, changed_meanwhile=True)
        said = webhook_lines.typed(form)
        try:
            await administering.change(
                self._console.parts, endpoint.id, webhook_lines.draft(said), actor=actor()
            )
        except _FAULTS as error:
            return await self._form(said, _worded(error), endpoint)
        return done(f"{HERE}/{endpoint.id}", Done.CHANGED)

    async def delete(self, row_id: str) -> Response:
        """Remove it, once who does so has signed in lately: it cannot be undone."""
        refuse_guest()
        endpoint = await _held(row_id)
        self._console.require_recent_sign_in(f"{ROOT}{HERE}/{endpoint.id}")
        await administering.remove(endpoint.id, actor=actor())
        return done(HERE, Done.WEBHOOK_DELETED)

    async def test(self, row_id: str) -> Response:
        """The same, with what came of a test event."""
        refuse_guest()
        endpoint = await _named(row_id)
        steps = await replaying.try_out(self._console.parts, endpoint.id, actor=actor())
        shown = [TestedStep(by_plugin(each.name), each.passed, each.said) for each in steps]
        return await self._page(endpoint, steps=shown)

    async def resume(self, row_id: str) -> Response:
        """Go on with it."""
        refuse_guest()
        endpoint = await _named(row_id)
        await pausing.resume(self._console.parts, endpoint.id, actor=actor())
        return done(f"{HERE}/{endpoint.id}", Done.WEBHOOK_RESUMED)

    async def add_secret(self, row_id: str) -> Response:
        """Sign with one secret more, which the next page shows."""
        refuse_guest()
        endpoint, form = await _named(row_id), await request.form
        overlap = _OVERLAPS.get(form.get("overlap", ""))
        if overlap is None:
            raise BadRequest
        try:
            _, secret = await administering.add_secret(
                self._console.parts, endpoint.id, overlap=overlap, actor=actor()
            )
        except SecretsUnreadable as error:
            return await self._page(endpoint, fault=str(error))
        except TooManySecrets:
            return done(f"{HERE}/{endpoint.id}", Done.NOTHING)
        return await self._shown_once(endpoint, secret.text)

    async def end_secret(self, row_id: str, secret_id: str) -> Response:
        """Sign no more with a secret."""
        refuse_guest()
        endpoint = await _named(row_id)
        try:
            await administering.remove_secret(
                self._console.parts, endpoint.id, str(id_in_address(secret_id)), actor=actor()
            )
        except UnknownEndpoint as error:
            raise NotFound from error
        except SecretsUnreadable as error:
            return await self._page(endpoint, fault=str(error))
        except TooManySecrets:
            return done(f"{HERE}/{endpoint.id}", Done.NOTHING)
        return done(f"{HERE}/{endpoint.id}", Done.WEBHOOK_SECRET_ENDED)

    async def replay_failed(self, row_id: str) -> Response:
        """Send once more what was given up since a day."""
        refuse_guest()
        endpoint, said = await _named(row_id), (await request.form).get("since", "")
        try:
            since = datetime.combine(date.fromisoformat(said), time(), UTC)
            count = await replaying.replay_failed(
                self._console.parts, endpoint.id, since=since, actor=actor()
            )
        except NothingToReplay as error:
            return await self._page(endpoint, since=said, fault=str(error))
        except ValueError:
            fault = text("A day is written as 2026-03-31.")
            return await self._page(endpoint, since=said, fault=fault)
        return await self._page(endpoint, replayed=count)

    async def look_at_delivery(self, row_id: str, delivery_id: str) -> Response:
        """What is sent, and what was answered."""
        endpoint, delivery = await _delivery(row_id, delivery_id)
        here = f"{HERE}/{endpoint.id}"
        event = await sendings.event(delivery.event_id)
        if event is not None:
            now = self._console.now()
            await audit_views.note(actor(), {"id": str(event.id)}, now=now)
        message = messages.of_event(delivery.id, event).body if event else b""
        line = webhook_lines.delivery(delivery)
        waits = delivery.status is DeliveryStatus.PENDING
        content = DeliveryPage(
            frame=await self._console.frame(),
            list_url=frame.url(HERE),
            webhook_url=frame.url(here),
            webhook=endpoint.name,
            replay_action="" if waits or not endpoint.enabled else f"{line.url}/replay",
            event_url=frame.url(f"/audit/events/{delivery.event_id}") if event else "",
            delivery=line,
            message_id=messages.id_of(delivery.id),
            message=webhook_lines.readable(message),
            answer=delivery.answer,
            tried_at=delivery.tried_at,
            took_ms=delivery.took_ms,
        )
        return self._console.show("webhook_delivery.html", content)

    async def replay(self, row_id: str, delivery_id: str) -> Response:
        """Send one once more."""
        refuse_guest()
        endpoint, delivery = await _delivery(row_id, delivery_id)
        place = f"{HERE}/{endpoint.id}/deliveries/{delivery.id}"
        try:
            await replaying.replay(self._console.parts, endpoint.id, delivery.id, actor=actor())
        except NothingToReplay:
            return done(place, Done.NOTHING)
        return done(place, Done.WEBHOOK_REPLAYED)

    async def _shown_once(self, endpoint: Endpoint, secret: str) -> Response:
        answer = see_other(f"{ROOT}{HERE}/{endpoint.id}")
        await self._fresh_secrets.hand_on(answer, endpoint, secret, now=self._console.now())
        return answer

    async def _page(
        self,
        endpoint: Endpoint,
        *,
        secret: str = "",
        steps: Sequence[TestedStep] = (),
        replayed: int | None = None,
        since: str = "",
        fault: str = "",
    ) -> Response:
        here = frame.url(f"{HERE}/{endpoint.id}")
        status = _status(request.args.get("status", ""))
        try:
            found = await sendings.page(
                endpoint.id,
                status=status,
                cursor=request.args.get("cursor") or None,
                limit=_PER_PAGE,
            )
        except BadCursor as error:
            raise BadRequest from error
        content = WebhookPage(
            frame=await self._console.frame(),
            list_url=frame.url(HERE),
            edit_url=f"{here}/edit",
            test_action=f"{here}/test",
            resume_action=f"{here}/resume" if endpoint.paused_at else "",
            delete_action=f"{here}/delete",
            secret_action=f"{here}/secrets",
            replay_action=f"{here}/replay",
            webhook=webhook_lines.line(endpoint),
            address=endpoint.url,
            description=endpoint.description,
            failing_since=endpoint.failing_since,
            pause_reason=endpoint.pause_reason,
            secrets=webhook_lines.secrets(endpoint, self._console.now()),
            deliveries=[webhook_lines.delivery(each) for each in found.rows],
            filters=_filters(here, status),
            secret=secret,
            steps=steps,
            replayed=replayed,
            since=since,
            fault=fault,
            next_url=_beside(here, found.next, status),
            previous_url=_beside(here, found.previous, status),
        )
        return self._console.show("webhook.html", content, 400 if fault else 200)

    async def _form(
        self,
        fields: WebhookFields,
        faults: Mapping[str, str],
        endpoint: Endpoint | None = None,
        *,
        changed_meanwhile: bool = False,
    ) -> Response:
        here = frame.url(f"{HERE}/{endpoint.id}" if endpoint else HERE)
        content = WebhookFormPage(
            frame=await self._console.frame(),
            action=f"{here}/edit" if endpoint else f"{here}/new",
            list_url=frame.url(HERE),
            cancel_url=here,
            fields=fields,
            areas=list(AREAS),
            lifecycles=list(Lifecycle),
            name=endpoint.name if endpoint else "",
            faults=faults,
            version=webhook_lines.version(endpoint) if endpoint else "",
            changed_meanwhile=changed_meanwhile,
        )
        status = 409 if changed_meanwhile else 400 if faults else 200
        return self._console.show("webhook_form.html", content, status)


_FAULTS = (UnfitEndpoint, EndpointTaken, TooManyEndpoints)


def _worded(error: Exception) -> dict[str, str]:
    match error:
        case UnfitEndpoint():
            return {error.field.partition("/")[0]: str(error)}
        case EndpointTaken():
            return {"name": text("There is a webhook of this name.")}
        case _:
            return {"name": str(error)}


def _status(said: str) -> DeliveryStatus | None:
    return DeliveryStatus(said) if said in set(DeliveryStatus) else None


def _filters(here: str, current: DeliveryStatus | None) -> list[FilterLink]:
    chosen = current or ""
    return [
        FilterLink(each, with_query(here, f"status={each}" if each else ""), chosen == each)
        for each in ("", *DeliveryStatus)
    ]


def _beside(here: str, cursor: str | None, status: DeliveryStatus | None) -> str | None:
    if cursor is None:
        return None
    said = {"status": str(status)} if status else {}
    return with_query(here, urlencode({**said, "cursor": cursor}))


async def _named(row_id: str) -> Endpoint:
    endpoint = await endpoints.find(id_in_address(row_id))
    if endpoint is None:
        raise NotFound
    return endpoint


async def _held(row_id: str) -> Endpoint:
    endpoint = await endpoints.held(id_in_address(row_id))
    if endpoint is None:
        raise NotFound
    return endpoint


async def _delivery(row_id: str, delivery_id: str) -> tuple[Endpoint, WebhookDelivery]:
    endpoint = await _named(row_id)
    delivery = await sendings.find(endpoint.id, id_in_address(delivery_id))
    if delivery is None:
        raise NotFound
    return endpoint, delivery
