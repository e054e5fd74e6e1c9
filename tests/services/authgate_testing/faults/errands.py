"""Clients who ask for what is done later: files of the log, mail, and word of logouts."""

import base64
import hashlib
import secrets
import time
from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from authgate_testing.faults import asking
from authgate_testing.faults.client import Client
from authgate_testing.faults.history import Call, Kind, LogFile
from authgate_testing.faults.host import Host
from authgate_testing.faults.household import CALLBACK, Household
from authgate_testing.faults.load import ATTEMPTS, Trader, rest
from authgate_testing.faults.resident import Resident

_FILES = 0.3
"""How often a clerk whose last file has come asks for another one."""

_EXPORTS = "/api/v1/audit-exports"
_INVITATIONS = "/api/v1/invitations"


class Clerk(Trader):
    """A program that administers the tenant: invites people, and takes the log along."""

    longest_pause: ClassVar[float] = 0.3

    def __init__(
        self, client: Client, hosts: Sequence[Host], households: Sequence[Household], luck: Random
    ) -> None:
        super().__init__(client, hosts, households, luck)
        self._token = ""
        self._file: LogFile | None = None

    async def once(self) -> None:
        """A file of the log, from its being asked for to its end, or an invitation."""
        if not self._token:
            call = await asking.clerks_token(self._client, self._anywhere(), self._household)
            self._token = call.gave
        elif self._file is not None:
            await self._look(self._file)
        elif self._luck.random() < _FILES:
            await self._ask_for_file()
        else:
            name = f"guest-{secrets.token_hex(6)}@{self._household.slug}.example"
            await self._sure(Kind.INVITATION, _INVITATIONS, {"email": name}, about=name)

    async def _ask_for_file(self) -> None:
        began = time.monotonic()
        call, told = await self._sure(Kind.EXPORT, _EXPORTS, {"format": "jsonl"})
        if call.status == 201:
            slug, created_at = self._household.slug, told["created_at"]
            self._file = LogFile(slug, call.gave, call, began, created_at)
            self._client.history.files.append(self._file)

    async def _look(self, file: LogFile) -> None:
        one = f"{_EXPORTS}/{file.id}"
        if file.parts is None:
            _, told = await self._call(Kind.FILE, one, method="GET")
            if told.get("state") != "ready":
                if told.get("state") == "failed":
                    self._file = None
                return
            if not await self._take(file, one):
                return
            file.said = told
        call, _ = await self._call(Kind.FILE, one, method="DELETE")
        if not call.may_have_been_done:
            self._file = None

    async def _take(self, file: LogFile, one: str) -> bool:
        parts: list[str] = []
        cursor = None
        while True:
            call, told = await self._call(Kind.FILE, f"{one}/content", {"cursor": cursor})
            if call.status != 200:
                return False
            parts.append(told["content"])
            cursor = told["next"]
            if cursor is None:
                file.parts = parts
                return True

    async def _sure(
        self, kind: Kind, path: str, said: dict[str, Any], *, about: str = ""
    ) -> tuple[Call, dict[str, Any]]:
        """Ask with a key until it is answered: whoever is killed has done it, or has not."""
        key, attempts = secrets.token_hex(8), count(1)
        while True:
            call, told = await self._call(kind, path, said, about=about, key=key)
            is_known = not call.may_have_been_done and call.status != 409
            if is_known or next(attempts) == ATTEMPTS:
                return call, told
            await rest(self._luck)

    async def _call(
        self,
        kind: Kind,
        path: str,
        said: object = None,
        *,
        method: str = "POST",
        about: str = "",
        key: str = "",
    ) -> tuple[Call, dict[str, Any]]:
        call, answer = await self._client.ask(
            kind,
            self._anywhere(),
            self._household,
            path,
            method=method,
            said=said,
            bearer=self._token,
            about=about,
            key=key,
        )
        told: dict[str, Any] = answer.json() if answer is not None and answer.content else {}
        if call.status == 201:
            call.gave = told["id"]
        return call, told


class Visitor(Trader):
    """Signs in to an application with a browser, and out again."""

    longest_pause: ClassVar[float] = 0.4

    def __init__(
        self, client: Client, hosts: Sequence[Host], households: Sequence[Household], luck: Random
    ) -> None:
        super().__init__(client, hosts, households, luck)
        self._person = Resident(client, self._household)
        self._is_signed_in = False

    async def once(self) -> None:
        """A session, from its sign-in to its end."""
        if not self._is_signed_in:
            self._is_signed_in = await self._person.sign_in(self._anywhere())
            return
        verifier = secrets.token_urlsafe(32)
        code = await self._let_in(verifier)
        sid = await self._redeemed(code, verifier) if code else ""
        if await self._person.sign_out(self._anywhere(), sid):
            self._is_signed_in = False

    async def _let_in(self, verifier: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self._household.portal[0],
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
            .rstrip(b"=")
            .decode(),
            "code_challenge_method": "S256",
        }
        call, answer = await self._client.ask(
            Kind.LETTING_IN,
            self._anywhere(),
            self._household,
            f"/oauth/authorize?{urlencode(asked)}",
        )
        place = urlsplit(answer.headers.get("location", "")) if answer is not None else urlsplit("")
        if not CALLBACK.endswith(place.path) or "code" not in parse_qs(place.query):
            # Who is asked to sign in is signed in no longer.
            self._is_signed_in = call.may_have_been_done
            return ""
        return parse_qs(place.query)["code"][0]

    async def _redeemed(self, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
        }
        call, answer = await self._client.ask(
            Kind.CODE_TOKEN,
            self._anywhere(),
            self._household,
            "/oauth/token",
            form=form,
            basic=self._household.portal,
        )
        if answer is None or call.status != 200:
            return ""
        told = answer.json()
        call.gave = told["access_token"]
        return str(asking.claims_of(told["id_token"])["sid"])
