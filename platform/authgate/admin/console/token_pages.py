"""``/admin/tokens``: the tenant's tokens, the newest first; pausing and ending one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate import provisioning
from authgate.accounts.answers import see_other
from authgate.admin.console import client_lines, frame
from authgate.admin.console.administrators import actor
from authgate.admin.console.frame import ROOT, Console
from authgate.provisioning import UnknownToken
from authgate.storage import client_ids, clients, tokens, users
from authgate.storage.client_rows import Client
from authgate.storage.paging import BadCursor, Page
from authgate.storage.tokens import Token, TokenFilter, TokenStatus
from authgate.storage.users import User
from authgate.web import row_ids
from authgate.web.console_view_models import Done, FilterLink
from authgate.web.token_view_models import TokenLine, TokensPage

_HERE = "/tokens"
_PER_PAGE = 25
_LONGEST_LOGIN = 254
_WORKING = "working"
_NOBODY = UUID(int=0)
_STATUSES = (_WORKING, *TokenStatus)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address says; whatever it says wrong is as if it were not said."""

    client: str
    user: str
    status: str

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        status = arguments.get("status", "")
        return cls(
            client=_plain(arguments.get("client", ""), client_ids.LONGEST),
            user=_plain(arguments.get("user", ""), _LONGEST_LOGIN),
            status=status if status in _STATUSES else "",
        )

    def filter(self, user: User | None, *, now: datetime) -> TokenFilter:
        working = self.status == _WORKING
        status = TokenStatus.ACTIVE if working else self.status
        return TokenFilter(
            client_id=self.client or None,
            user_id=user.id if user else None,
            status=TokenStatus(status) if status else None,
            live_at=now if working else None,
        )

    def query(self, **changes: str) -> str:
        """What is looked for, with something else."""
        said = {"client": self.client, "user": self.user, "status": self.status, **changes}
        return urlencode({name: value for name, value in said.items() if value})

    def url(self, **changes: str) -> str:
        """The address of the same list with something else, from its beginning."""
        return _with_query(frame.url(_HERE), self.query(**changes))


class TokenPages:
    """The list of tokens, and what is done to them."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("tokens")
        routes.get(f"{ROOT}{_HERE}")(self.show)
        routes.post(f"{ROOT}{_HERE}/<row_id>")(self.act)
        return routes

    async def show(self) -> Response:
        """Some of the tokens."""
        asked = _Asked.read(request.args)
        user = await users.find_by_login(asked.user) if asked.user else None
        unknown = bool(asked.user) and user is None
        found: Page[Token] = Page(()) if unknown else await self._found(asked, user)
        content = TokensPage(
            frame=await self._console.frame(),
            action=frame.url(_HERE),
            clear_url=frame.url(_HERE),
            tokens=await self._lines(found),
            client=asked.client,
            user=asked.user,
            unknown_user=unknown,
            kept={"status": asked.status} if asked.status else {},
            statuses=[
                FilterLink(value, asked.url(status=value), current=value == asked.status)
                for value in ("", *_STATUSES)
            ],
            list=asked.query(),
            next_url=asked.url(cursor=found.next) if found.next else None,
            previous_url=asked.url(cursor=found.previous) if found.previous else None,
        )
        return self._console.show("tokens.html", content)

    async def act(self, row_id: str) -> Response:
        """Disable, enable or revoke one, and come back to the list."""
        jti, form = _id(row_id), await request.form
        operations = {
            "disable": (provisioning.disable_token, Done.TOKEN_DISABLED),
            "enable": (provisioning.enable_token, Done.TOKEN_ENABLED),
            "revoke": (provisioning.revoke_token, Done.TOKEN_REVOKED),
        }
        if await tokens.find(jti) is None:
            raise NotFound
        if form.get("act", "") not in operations:
            raise BadRequest
        perform, done = operations[form["act"]]
        try:
            await perform(jti, actor=actor())
        except UnknownToken:
            done = Done.NOTHING
        back = _Asked.read(dict(parse_qsl(form.get("list", ""))))
        return see_other(_with_query(f"{ROOT}{_HERE}", back.query(done=done)))

    async def _found(self, asked: _Asked, user: User | None) -> Page[Token]:
        which = asked.filter(user, now=self._console.now())
        try:
            return await tokens.page(
                which, cursor=request.args.get("cursor") or None, limit=_PER_PAGE
            )
        except BadCursor as error:
            raise BadRequest from error

    async def _lines(self, found: Page[Token]) -> list[TokenLine]:
        known = await clients.find_many({each.client_id for each in found.rows})
        names = await users.usernames_of({each.user_id for each in found.rows if each.user_id})
        now = self._console.now()
        return [
            _line(each, known.get(each.client_id), names.get(each.user_id or _NOBODY, ""), now)
            for each in found.rows
        ]


def _line(token: Token, client: Client | None, user: str, now: datetime) -> TokenLine:
    return TokenLine(
        action=frame.url(f"{_HERE}/{token.id}"),
        client_name=client.name if client else token.client_id,
        client_url=client_lines.url(client) if client else None,
        user=user,
        scope=token.scope,
        grant=token.grant_type.rpartition(":")[2],
        created_at=token.created_at,
        expires_at=token.expires_at,
        status=token.status,
        ended=token.expires_at <= now,
    )


def _plain(text: str, longest: int) -> str:
    return text.replace("\0", "").strip()[:longest]


def _id(text: str) -> UUID:
    try:
        return row_ids.read(text)
    except ValueError as error:
        raise NotFound from error


def _with_query(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address
