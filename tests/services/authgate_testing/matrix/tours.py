"""What a tenant's people and programs do: everything that there is to be done, once."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import httpx2

from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.provisioning import operator_accesses
from authgate.provisioning import usage_statements as stated
from authgate.storage.invalidation import EVERY_TOPIC
from authgate.storage.metering import usage_statements
from authgate.storage.metering.roll_up import roll_up
from authgate.storage.unit_of_work import transaction
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import use_tenant
from authgate_testing.api import EVERYTHING, OF_OWNERS, ApiClient
from authgate_testing.application import Application, allowed, sent_on, told
from authgate_testing.authenticator import code_of, recovery_codes
from authgate_testing.caller import Caller
from authgate_testing.device import Device, decide
from authgate_testing.matrix import operations
from authgate_testing.matrix.lockstep import Lockstep
from authgate_testing.matrix.pages import Visitor
from authgate_testing.matrix.routes import Routes
from authgate_testing.matrix.stored import Kept, Stored
from authgate_testing.matrix.things import BEARER, EXCHANGE, PASSWORD, Household
from authgate_testing.person import Person, forms
from authgate_testing.registering import manage, register
from authgate_testing.scim import GROUP, SEARCH, USER, Directory
from authgate_testing.scim import person as provisioned
from authgate_testing.server import BASE_URL
from authgate_testing.soft_passkey import SoftPasskey

_PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
"""A picture, as everybody may have it."""
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@dataclass(slots=True)
class Stage:
    """Where both tours happen."""

    lockstep: Lockstep
    stored: Stored
    routes: Routes
    parts: Installation
    kept: list[Kept] = field(default_factory=list)

    def http(self) -> httpx2.AsyncClient:
        """A browser of its own, or a program."""
        transport = httpx2.ASGITransport(self.lockstep)
        return httpx2.AsyncClient(transport=transport, base_url=BASE_URL)


@dataclass(slots=True)
class Tour:
    """Of one of the two tenants."""

    stage: Stage
    side: int
    home: Household
    http: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.stage.http()

    async def whole(self) -> None:
        """All of it."""
        chief, member, nobody = (Person(self.stage.http()) for _ in range(3))
        await member.sign_in(self.home.tenant.issuer, self.home.member.username, "wrong-password-1")
        await self._sign_in(chief, self.home.chief.username)
        await self._sign_in(member, self.home.member.username)
        leaving, other = Person(self.stage.http()), Person(self.stage.http())
        await self._sign_in(leaving, self.home.member.username)
        await self._sign_in(other, self.home.chief.username)
        app = self._application()
        await app.signed_in(leaving)
        await leaving.visit(f"{self.home.tenant.issuer}/account/sessions")
        await leaving.submit({}, to="/logout")
        await app.signed_in(member)
        await self._programs(app)
        tokens = await self._signing_in(app, chief)
        await self._tokens(app, tokens)
        await self._devices(chief)
        with use_tenant(self.home.tenant):
            await roll_up(now=self.stage.parts.clock() + timedelta(days=1))
            await self._stated()
        await self._registration()
        await self._operations()
        await self._provisioning()
        await self._decisions(chief)
        await self._leaving(app, member)
        code = (await self._device().start(scope="read"))["user_code"]
        typed = {"user_code": code}
        await self._visitor(nobody, typed).everywhere()
        await self._federation(chief)
        await self._second_factors()
        await self._guest()
        await self._invited(chief)
        await self._visitor(chief, typed).everywhere()

    async def _sign_in(self, person: Person, username: str) -> None:
        page = await person.sign_in(self.home.tenant.issuer, username, PASSWORD)
        assert page.is_success, page.text
        assert "/login" not in page.url.path, page.text

    def _application(self) -> Application:
        uri = f"https://app.{self.home.word}.example/callback"
        return Application(
            self.http,
            self.home.tenant,
            self.home.web,
            uri,
            scope="openid profile email offline_access read",
        )

    async def _programs(self, app: Application) -> None:
        """What applications do on their own account."""
        at = Caller(self.http, self.home.tenant)
        for path in ("openid-configuration", "oauth-authorization-server", "jwks.json"):
            await at.get(f"/.well-known/{path}")
        await at.get("/.well-known/oauth-protected-resource")
        await at.get("/.well-known/authgate-challenge")
        for path in ("openapi.json", "docs"):
            await at.get(f"/api/v1/{path}")
        form = {"grant_type": "client_credentials", "scope": "read"}
        await app.token(**form)
        web = self.home.web
        await at.post("/oauth/token", form, basic=(web.client.client_id, web.secret or ""))
        signed = self.home.key.credentials(
            self.home.signing.client.client_id, self.home.tenant.issuer
        )
        await at.post("/oauth/token", form | signed)
        await self._proving(app, form)
        asked = self.home.key.sign(
            {"iss": f"https://idp.{self.home.word}.example", "sub": self.home.member.username}
        )
        await app.token(grant_type=BEARER, assertion=asked)

    async def _proving(self, app: Application, form: dict[str, str]) -> None:
        """With proofs of possession (RFC 9449)."""
        url, nonce = f"{self.home.tenant.issuer}/oauth/token", ""
        for _ in range(2):
            proof = self.home.key.proof("POST", url, nonce=nonce)
            answer = await self.http.post(
                url, data=app.credentials() | form, headers={"DPoP": proof}
            )
            nonce = answer.headers.get("dpop-nonce", nonce)

    async def _signing_in(self, app: Application, person: Person) -> dict[str, Any]:
        """A person lets an application in, by a request that it has pushed."""
        pushed = await app.pushed(app.ask())
        asking = app.ask()
        uri = (await app.pushed(asking)).json()["request_uri"]
        page = await sent_on(person, app.led_by(uri))
        await self._look_at(person, page)
        assert pushed.status_code == 201, pushed.text
        answer = await person.submit({"decision": "allow"}, to="/decision", follow=False)
        tokens = (await app.redeem(told(answer)["code"], asking)).json()
        found: dict[str, Any] = (await app.refresh(tokens["refresh_token"])).json()
        await allowed(person, app.ask(id_token_hint=found["id_token"], login_hint="x"))
        await person.http.post(
            f"{self.home.tenant.issuer}/oauth/authorize",
            data=dict(httpx2.URL(app.ask().url).params),
        )
        return found

    async def _tokens(self, app: Application, tokens: dict[str, Any]) -> None:
        at, access = Caller(self.http, self.home.tenant), tokens["access_token"]
        for path in ("/oauth/userinfo", "/oauth/tokeninfo"):
            await at.get(path, bearer=access)
        origin = ("Origin", f"https://pages.{self.home.word}.example")
        await at.get("/oauth/userinfo", bearer=access, headers=[origin])
        await at.post("/oauth/userinfo", headers=[("Authorization", f"Bearer {access}")])
        for token in (access, tokens["refresh_token"]):
            await at.post("/oauth/introspect", app.credentials() | {"token": token})
        await app.token(
            grant_type=EXCHANGE,
            subject_token=access,
            subject_token_type=_ACCESS_TOKEN,
            audience=f"https://files.{self.home.word}.example",
        )
        async with self.undone():
            for token in (access, tokens["refresh_token"]):
                await at.post("/oauth/revoke", app.credentials() | {"token": token})

    def _device(self) -> Device:
        return Device(self.http, self.home.tenant, self.home.web)

    async def _devices(self, person: Person) -> None:
        device = self._device()
        shown = await device.start(scope="openid read")
        await decide(person, shown)
        await device.poll(shown["device_code"])

    async def _stated(self) -> None:
        """As if the present month had ended."""
        parts = self.stage.parts
        now = parts.clock()
        month = now.date().replace(day=1)
        said = {"month": f"{month:%Y-%m}", "plan": "default", "lines": [], "corrections": []}
        key = stated.keys(parts)[0]
        async with transaction():
            await usage_statements.add(month, key.sign(said), now=now)

    async def _registration(self) -> None:
        at = Caller(self.http, self.home.tenant)
        site = f"https://ledger.{self.home.word}.example"
        said: dict[str, Any] = {
            "client_name": f"Ledger {self.home.word}",
            "redirect_uris": [f"{site}/callback"],
            "client_uri": site,
        }
        await register(at, **said)
        made = (await register(at, token=self.home.initial_access_token, **said)).json()
        for method in ("GET", "PUT", "DELETE"):
            answer = await manage(method, made, at)
            made |= answer.json() if answer.status_code == 200 else {}

    async def _operations(self) -> None:
        """By the API, as a program that may do everything."""
        word, tenant = self.home.word, self.home.tenant
        app = replace(self._application(), client=self.home.admin)
        issued = await app.token(grant_type="client_credentials", scope=" ".join(EVERYTHING))
        api = ApiClient(self.http, tenant, issued.json()["access_token"])
        for name in ("alpha", "beta"):
            title = {"title": f"use {name} {word}"}
            key = {"Idempotency-Key": f"{name}-{word}"}
            await api.post("/scopes", {"name": f"{name}:{word}", **title}, **key)
        tokens = (await api.get("/tokens")).json()["items"]
        await api.post(f"/tokens/{tokens[-1]['id']}/disable")
        groups = (await api.get("/groups")).json()["items"]
        said: operations.Said = {
            "image": [_PIXEL],
            "settings": [
                {"access_token_jitter": 60},
                {"networks": ["0.0.0.0/0", "::/0"], "told": f"Not from there, says {word}"},
            ],
            "username": [f"made-{word}"],
            "columns": [["username", "email"]],
            "lines": [[{"number": 2, "cells": {"username": f"lined-{word}", "email": ""}}]],
            "dry_run": [True],
            "group_id": [group["id"] for group in groups],
            "name": [f"thing-{word}"],
            "title": [f"do {word}"],
            "description": [f"About {word}"],
            "days": [30],
            "redirect_uris": [[f"https://new.{word}.example/callback"]],
            "grant_types": [["authorization_code", "refresh_token"]],
            "clients": [
                [{"client_id": f"{kind}-{number}-{word}"} for number in range(2)]
                for kind in ("pending", "inactive", "active", "unseen")
            ],
            "uri": [f"https://other.{word}.example"],
            "slug": [f"second-{word}"],
            "connector": ["github"],
            "config": [{"client_id": f"second-{word}", "client_secret": f"second-secret-{word}"}],
            "display_name": [f"Crew {word}"],
            "user_id": [str(self.home.member.id)],
            "host": [f"new.{word}.example", f"own.{word}.example"],
            "email": [f"another-guest@{word}.example"],
            "role": [role.value for role in UserRole],
            "key": [self.home.key.pem()],
            "algorithm": ["ES256"],
            "now": [True],
            "ids": [[each["id"] for each in tokens[:2]]],
            "network": [_network(word)],
            "passphrase": [f"the passphrase of {word}"],
            "sender": [f"no-reply@{word}.example"],
            "recipient": [f"reads@{word}.example"],
        }
        await operations.all_of_them(api, self.undone, said)

    async def _provisioning(self) -> None:
        """By SCIM, as another directory."""
        word, home = self.home.word, self.home
        by = Directory(self.http, home.tenant, home.scim_token)
        await by.get("/ServiceProviderConfig")
        for kind, name in (("Schemas", USER), ("ResourceTypes", "User")):
            await by.get(f"/{kind}")
            await by.get(f"/{kind}/{name}")
        await by.get("/Users", count="1", attributes="userName")
        first = await by.get("/Users", count="1", cursor="")
        await by.get("/Users", count="1", cursor=first.json()["nextCursor"])
        here = f"/Users/{home.member.id}"
        for wanted in (f'userName eq "{home.member.username}"', f'externalId eq "ext-{word}"'):
            await by.get("/Users", filter=wanted)
            await by.call("POST", "/Users/.search", {"schemas": [SEARCH], "filter": wanted})
        await by.get(here)
        said = provisioned(f"new-{word}", externalId=f"new-{word}", displayName=f"New {word}")
        said |= {"emails": [{"value": f"new@{word}.example"}]}
        async with self.undone():
            await by.call("POST", "/Users", said)
        async with self.undone():
            await by.call("PUT", here, said)
        async with self.undone():
            await by.patch(here, {"op": "replace", "path": "externalId", "value": f"x-{word}"})
        await self._provisioned_groups(by)
        async with self.undone():
            await by.call("DELETE", here)

    async def _provisioned_groups(self, by: Directory) -> None:
        word, member = self.home.word, {"value": str(self.home.member.id)}
        said = {"schemas": [GROUP], "displayName": f"More {word}", "externalId": f"more-{word}"}
        made = (await by.call("POST", "/Groups", said | {"members": [member]})).json()
        here = f"/Groups/{made['id']}"
        await by.get("/Groups", count="1", cursor="")
        wanted = f'externalId eq "more-{word}"'
        await by.get("/Groups", filter=wanted)
        await by.call("POST", "/Groups/.search", {"schemas": [SEARCH], "filter": wanted})
        await by.get(here)
        async with self.undone():
            await by.call("PUT", here, said | {"displayName": f"Other {word}"})
        for op in ("remove", "add"):
            async with self.undone():
                await by.patch(here, {"op": op, "path": "members", "value": [member]})
        adding = {"op": "add", "path": "members", "value": [member]}
        async with self.undone():
            await by.bulk(
                {"method": "PATCH", "path": here, "data": {"Operations": [adding]}},
                {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": word}},
            )
        await by.call("DELETE", here)

    async def _decisions(self, chief: Person) -> None:
        """By the API, as a person: what no program does."""
        app = replace(self._application(), client=self.home.admin)
        own = (Scope.ROLES_READ, Scope.ROLES_WRITE, Scope.SCIM_WRITE, Scope.EXPORTS_READ)
        scopes = " ".join((*own, *OF_OWNERS))
        issued = await app.signed_in(chief, scope=scopes)
        api = ApiClient(self.http, self.home.tenant, issued["access_token"])
        for each in (await api.get("/operator-accesses")).json()["items"]:
            for verb in ("approve", "refuse"):
                async with self.undone():
                    await api.post(f"/operator-accesses/{each['id']}/{verb}")
        async with self.undone():
            await api.post("/scim-tokens", {"description": f"Another of {self.home.word}"})
        async with self.undone():
            await api.post("/exports", {"passphrase": f"the passphrase of {self.home.word}"})
        for each in (await api.get("/exports")).json()["items"]:
            async with self.undone():
                await api.post(f"/exports/{each['id']}/content", {"cursor": None})

    async def _leaving(self, app: Application, member: Person) -> None:
        """Signing out, by an application's wish and by one's own."""
        tokens = await app.signed_in(member)
        bye = f"https://app.{self.home.word}.example/bye"
        query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": bye, "state": "s"}
        url = f"{self.home.tenant.issuer}/oauth/logout"
        for asked in (query, {"client_id": self.home.web.client.client_id}):
            async with self.undone(member.http):
                answer = await member.http.get(url, params=asked)
                page = await member.http.get(urljoin(url, answer.headers["location"]))
                await self._look_at(member, page)
            async with self.undone(member.http):
                await member.http.post(url, data=asked)

    async def _second_factors(self) -> None:
        """Somebody sets an app up and adds a passkey, shows both, and takes them away again."""
        issuer, name = self.home.tenant.issuer, self.home.member.username
        person, other = Person(self.stage.http()), Person(self.stage.http())
        device, here = SoftPasskey(BASE_URL), f"{issuer}/account/security"
        async with self.undone():
            await self._sign_in(person, name)
            page = await person.visit(f"{issuer}/second-factor/set-up")
            code = code_of(page.text, self.stage.parts.clock())
            codes = recovery_codes((await person.submit({"code": code}, to="/set-up")).text)
            await person.visit(here)
            made = device.created(await self._asked(person, "/account/security/passkeys"))
            await person.submit({"credential": made, "name": "Key"}, to="/passkeys")
            await other.sign_in(issuer, name, PASSWORD)
            shown = {"code": codes[0], "remember_device": "1"}
            await other.submit(shown, to="/second-factor")
            for action in (
                "forget",
                "/passkeys/remove",
                "/recovery-codes",
                "/authenticator/remove",
            ):
                async with self.undone(person.http):
                    await person.visit(here)
                    await person.submit({}, to=action)
            for path, to in (("/login", "/second-factor/passkey"), ("/login", "/passkey")):
                again = Person(self.stage.http())
                await again.visit(f"{issuer}{path}")
                if to != "/passkey":
                    await again.submit({"username": name, "password": PASSWORD}, to="/login")
                signed = device.signed(await self._asked(again, to))
                await again.submit({"credential": signed}, to=to)

    async def _asked(self, person: Person, to: str) -> dict[str, Any]:
        """What a page's script is told to ask a device."""
        assert person.page is not None
        token = forms(person.page.text)[0].hidden["csrf_token"]
        url = f"{self.home.tenant.issuer}{to}/options"
        told: dict[str, Any] = (await person.http.post(url, data={"csrf_token": token})).json()
        return told

    async def _federation(self, chief: Person) -> None:
        """To another provider, which knows people by the codes that it gives out, and back."""
        browser = self.stage.http()
        url = f"{self.home.tenant.issuer}/login/hub-{self.home.word}"
        sent = await browser.get(url)
        state = httpx2.URL(sent.headers["location"]).params["state"]
        await browser.get(
            f"{url}/callback", params={"code": f"1234-{self.home.word}", "state": state}
        )
        links = f"{self.home.tenant.issuer}/account/identities/link"
        for begins in (f"{url}/trial", f"{links}/hub-{self.home.word}"):
            sent = await chief.http.get(begins)
            state = httpx2.URL(sent.headers["location"]).params["state"]
            asked = {"code": f"5678-{self.home.word}", "state": state}
            chief.page = await chief.http.get(f"{url}/callback", params=asked)
        await chief.submit({}, to="/identities/link")

    async def _guest(self) -> None:
        """An operator of the installation, who comes in by the door that is held open for them."""
        tenant, access, now = self.home.tenant, self.home.guest, self.stage.parts.clock()
        with use_tenant(tenant):
            key = await operator_accesses.open_door(access.id, access.operator_id, now=now)
        guest = Person(self.stage.http())
        await guest.visit(f"{tenant.issuer}{operator_accesses.ENTRY}?key={key}")
        page = await guest.submit({}, to=operator_accesses.ENTRY)
        assert page.is_success, page.text

    async def _invited(self, person: Person) -> None:
        """By mail, that is shown as long as the tenant has no server for it."""
        for somebody in (person, Person(self.stage.http())):
            page = await somebody.visit(f"{self.home.tenant.issuer}/mails")
            for link in re.findall(r'<a href="([^"]+)" class="mail-link"', page.text):
                await self._look_at(somebody, await somebody.visit(link))

    async def _look_at(self, person: Person, page: httpx2.Response) -> None:
        await self._visitor(person, {}).look_at(page)

    def _visitor(self, person: Person, typed: dict[str, str]) -> Visitor:
        word = self.home.word
        usual = {
            "name": f"client-{word}",
            "redirect_uris": f"https://typed.{word}.example/callback",
            "search": word,
            "username": self.home.member.username,
            "password": PASSWORD,
            "user": self.home.member.username,
            "client": self.home.web.client.client_id,
            "uri": f"https://more.{word}.example",
            "host": f"more.{word}.example",
            "email": f"typed-guest@{word}.example",
            "title": f"do {word}",
            "description": f"About {word}",
            "scopes": "openid",
            "key": self.home.key.pem(),
            "display_name": f"typed {word}",
            "login": self.home.member.username,
            "network": _network(word, more=1),
            "sender": f"no-reply@{word}.example",
            "port": "587",
            "recipient": f"reads@{word}.example",
            "passphrase": f"the passphrase of {word}",
        }
        return Visitor(person.http, self.home.tenant, self.stage.routes, usual | typed, self.undone)

    @asynccontextmanager
    async def undone(self, *browsers: httpx2.AsyncClient) -> AsyncIterator[None]:
        """What is done in the block has never been done after it; browsers have what they had."""
        stage, cookies = self.stage, [list(each.cookies.jar) for each in browsers]
        await stage.lockstep.both(self.side, once=lambda: stage.kept.append(stage.stored.keep()))
        yield
        await stage.lockstep.both(self.side, once=lambda: stage.stored.put_back(stage.kept.pop()))
        stage.parts.invalidations.forget(EVERY_TOPIC, None)
        for browser, had in zip(browsers, cookies, strict=True):
            browser.cookies.jar.clear()
            for cookie in had:
                browser.cookies.jar.set_cookie(cookie)


def _network(word: str, more: int = 0) -> str:
    """One that no other household blocks."""
    return f"2001:db8:{int.from_bytes(word.encode(), 'big') % 65521 + more:x}::/48"
