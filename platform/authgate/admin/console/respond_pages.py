"""``/admin/audit/respond``: what can be done at once about a person, an address or a client that an
event is about. Each is one button, asks for a recent sign-in and a tick, and has a command beside
it for whoever has no browser.
"""

import shlex
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import provisioning
from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.accounts.visits import visitor
from authgate.admin.console import client_lines, frame, user_lines
from authgate.admin.console.administrators import authority, may, refuse_guest
from authgate.admin.console.frame import ROOT, Console
from authgate.admin.console.list_search import plain
from authgate.exports import audit_log
from authgate.exports.writing import TooManyExports
from authgate.languages import text, told
from authgate.permissions import Area, Permission, reads, writes
from authgate.provisioning import Refused, people
from authgate.provisioning.address_blocks import block_address
from authgate.provisioning.clients import NotApproved
from authgate.storage.audit import chosen_events
from authgate.storage.audit.alerts import Alert
from authgate.storage.audit.event_search import EventSearch
from authgate.storage.audit.exports import LogFormat, Wanted
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.tokens.keys import KeysChanged
from authgate.vocabulary import ClientStatus
from authgate.web import row_ids
from authgate.web.alert_view_models import RespondPage, ResponseLine
from authgate.web.console_view_models import Done
from authgate_tenants import current_tenant
from authgate_tenants.blocked import BadNetwork

PATH = "/audit/respond"
_WINDOW = timedelta(hours=24)
_LONGEST = 256


class RespondPages:
    """What can be done at once."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("respond")
        routes.get(f"{ROOT}{PATH}", self.show, reads(Area.AUDIT))
        for path, do, asks in (
            ("disable-user", self.disable_user, writes(Area.USERS)),
            ("sign-out", self.sign_out, writes(Area.USERS)),
            ("block-address", self.block, writes(Area.LIMITS)),
            ("disable-client", self.disable_client, writes(Area.CLIENTS)),
            ("revoke-client", self.revoke_client, writes(Area.CLIENTS)),
            ("rotate-keys", self.rotate_keys, writes(Area.KEYS)),
            ("export-window", self.export_window, reads(Area.AUDIT)),
        ):
            routes.post(f"{ROOT}{PATH}/{path}", do, asks)
        return routes.blueprint

    async def show(self) -> Response:
        """What there is to do about whom the address names."""
        return await self._page()

    async def disable_user(self) -> Response:
        """Shut a person out: of every browser, and of whatever acts in their name."""

        async def do(value: str) -> Done:
            person = await _person(value)
            now = self._console.now()
            await provisioning.disable_user(person.username, now=now, by=authority())
            return Done.PERSON_BLOCKED

        return await self._done(do)

    async def sign_out(self) -> Response:
        """Sign a person out everywhere; they may sign in again at once."""

        async def do(value: str) -> Done:
            person = await _person(value)
            await people.sign_out_person(person.id, by=authority(), now=self._console.now())
            return Done.PERSON_SIGNED_OUT

        return await self._done(do)

    async def block(self) -> Response:
        """Let nobody in from an address."""

        async def do(value: str) -> Done:
            own = visitor().facts.ip
            parts, reason = self._console.parts, str(text("An incident"))
            await block_address(parts, value, reason=reason, own=own, actor=actor())
            return Done.ADDRESS_BLOCKED

        return await self._done(do)

    async def disable_client(self) -> Response:
        """Serve a client no more."""

        async def do(value: str) -> Done:
            client, parts = await _client(value), self._console.parts
            await provisioning.set_client_status(
                parts, client.client_id, ClientStatus.INACTIVE, actor=actor()
            )
            return Done.DISABLED

        return await self._done(do)

    async def revoke_client(self) -> Response:
        """End all that a client was given."""

        async def do(value: str) -> Done:
            client = await _client(value)
            await provisioning.revoke_client_tokens(
                self._console.parts, client.client_id, actor=actor()
            )
            return Done.REVOKED

        return await self._done(do)

    async def rotate_keys(self) -> Response:
        """Let the next key sign."""

        async def do(_value: str) -> Done:
            algorithm = current_tenant().settings.signing_algorithm
            try:
                await self._console.parts.keys.rotate(algorithm, actor=actor(), known_for=0)
            except KeysChanged:
                return Done.NOTHING
            return Done.KEYS_ROTATED

        return await self._done(do)

    async def export_window(self) -> Response:
        """Have what happened in the last day written into a file."""

        async def do(_value: str) -> Done:
            refuse_guest()
            chosen = chosen_events.told(EventSearch(since=self._console.now() - _WINDOW))
            wanted = Wanted(LogFormat.JSONL, bom=False, chosen=chosen)
            try:
                await audit_log.request(self._console.parts, wanted, actor=actor())
            except TooManyExports:
                return Done.NOTHING
            return Done.EXPORT_ASKED

        return await self._done(do)

    async def _done(self, do: Callable[[str], Awaitable[Done]]) -> Response:
        """Do it for who has signed in lately and is sure, and say so, or why not."""
        here = frame.with_query(f"{ROOT}{PATH}", urlencode(_asked()))
        self._console.require_recent_sign_in(here)
        form = await request.form
        if form.get("sure") != "1":
            return await self._page(text("Tick that you are sure."), 400)
        try:
            what = await do(plain(form.get("value", ""), _LONGEST))
        except (Refused, NotApproved) as error:
            return await self._page(str(error), 409)
        except BadNetwork as error:
            return await self._page(told(error), 400)
        return see_other(f"{ROOT}{PATH}?{urlencode({**_asked(), 'done': what})}")

    async def _page(self, fault: str = "", status: int = 200) -> Response:
        asked = _asked()
        person = await _known_person(asked.get("user", ""))
        client = await clients.find(asked["client"]) if "client" in asked else None
        address = asked.get("address", "")
        unknown = ("user" in asked and not person) or ("client" in asked and not client)
        around = {"user": person.subject} if person else {}
        around |= {"ip": address} if address else {}
        sees = may(reads(Area.USERS))
        content = RespondPage(
            frame=await self._console.frame(),
            list_url=frame.url("/audit"),
            here=frame.url(PATH),
            user=person.username if person else "",
            user_url=frame.url(user_lines.path(person)) if person and sees else "",
            address=address,
            client=client.client_id if client else "",
            client_url=client_lines.url(client) if client and may(reads(Area.CLIENTS)) else "",
            lines=list(_lines(person, address, client)),
            events_url=frame.with_query(frame.url("/audit"), urlencode(around)),
            keys_url=frame.url("/signing-keys") if may(reads(Area.KEYS)) else "",
            fault=fault,
            unknown=unknown,
        )
        return self._console.show("respond.html", content, status)


def url_for(alert: Alert) -> str:
    """Where it is said what can be done about whom an alert is about."""
    about: dict[str, str] = {}
    if alert.subject_type == "user":
        about["user"] = alert.subject_id
    client = alert.subject_id if alert.subject_type == "client" else alert.details.get("client_id")
    address = alert.subject_id if alert.subject_type == "address" else alert.details.get("address")
    about |= {"client": str(client)} if client else {}
    about |= {"address": str(address)} if address else {}
    return url(**about)


def url(**about: str) -> str:
    """The same of a person, an address or a client."""
    return frame.with_query(frame.url(PATH), urlencode({k: v for k, v in about.items() if v}))


def _asked() -> dict[str, str]:
    names = ("user", "address", "client")
    said = {name: plain(request.args.get(name, ""), _LONGEST) for name in names}
    return {name: value for name, value in said.items() if value}


def _lines(person: User | None, address: str, client: Client | None) -> Iterator[ResponseLine]:
    tenant = f"-t {current_tenant().slug}"

    def line(name: str, value: str, asks: Permission, command: str) -> Iterator[ResponseLine]:
        action = frame.with_query(frame.url(f"{PATH}/{name}"), urlencode(_asked()))
        yield ResponseLine(name, action if may(asks) else "", value, f"authgate {command} {tenant}")

    if person is not None:
        who, asks = shlex.quote(person.username), writes(Area.USERS)
        yield from line("disable-user", person.subject, asks, f"user disable {who}")
        yield from line("sign-out", person.subject, asks, f"user sign-out {who}")
    if address:
        command = f"address-block create {shlex.quote(address)}"
        yield from line("block-address", address, writes(Area.LIMITS), command)
    if client is not None:
        what, asks = shlex.quote(client.client_id), writes(Area.CLIENTS)
        yield from line("disable-client", client.client_id, asks, f"client disable {what}")
        revoke = f"client revoke-tokens {what} --yes"
        yield from line("revoke-client", client.client_id, asks, revoke)
    yield from line("rotate-keys", "", writes(Area.KEYS), "keys rotate --now")
    export = "audit export --since 24h --format jsonl --output incident.jsonl"
    yield from line("export-window", "", reads(Area.AUDIT), export)


async def _person(value: str) -> User:
    person = await _known_person(value)
    if person is None:
        raise NotFound
    return person


async def _known_person(value: str) -> User | None:
    if not value:
        return None
    try:
        return await users.find(row_ids.read(value))
    except ValueError:
        return await users.find_by_login(value)


async def _client(value: str) -> Client:
    client = await clients.find(value)
    if client is None:
        raise NotFound
    return client
