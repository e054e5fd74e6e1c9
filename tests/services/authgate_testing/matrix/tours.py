"""What a tenant's people and programs do: everything that there is to be done, once."""

from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import httpx2

from authgate.provisioning import usage_statements as stated
from authgate.storage.metering import usage_statements
from authgate.storage.metering.roll_up import roll_up
from authgate.storage.unit_of_work import transaction
from authgate_tenants import use_tenant
from authgate_testing.application import Application, allowed, sent_on, told
from authgate_testing.device import decide
from authgate_testing.matrix import by_api, directories, own_account, programs, ways_in
from authgate_testing.matrix.pages import Page
from authgate_testing.matrix.walk import Walk
from authgate_testing.person import Person, forms


async def toured(walk: Walk) -> None:
    """All of it."""
    chief, member, nobody = (Person(walk.stage.http()) for _ in range(3))
    await member.sign_in(walk.home.tenant.issuer, walk.home.member.username, "wrong-password-1")
    await walk.sign_in(chief, walk.home.chief.username)
    await walk.sign_in(member, walk.home.member.username)
    leaving, other = Person(walk.stage.http()), Person(walk.stage.http())
    await walk.sign_in(leaving, walk.home.member.username)
    await walk.sign_in(other, walk.home.chief.username)
    app = walk.application()
    await app.signed_in(leaving)
    await leaving.visit(f"{walk.home.tenant.issuer}/account/sessions")
    await leaving.submit({}, to="/logout")
    await app.signed_in(member)
    await programs.alone(walk, app)
    tokens = await _signing_in(walk, app, chief)
    await programs.with_tokens(walk, app, tokens)
    await _devices(walk, chief)
    with use_tenant(walk.home.tenant):
        await roll_up(now=walk.stage.parts.clock() + timedelta(days=1))
        await _stated(walk)
    await programs.registration(walk)
    await by_api.as_a_program(walk)
    await directories.provisioning(walk)
    await by_api.as_a_person(walk, chief)
    await _leaving(walk, app, member)
    code = (await walk.device().start(scope="read"))["user_code"]
    typed = {"user_code": code}
    await walk.visitor(nobody, typed).everywhere()
    await own_account.by_links(walk)
    await own_account.signed_in(walk)
    await _people_from_a_file(walk, chief)
    await ways_in.federation(walk, chief)
    await ways_in.posted(walk)
    await ways_in.by_directory(walk, chief)
    await ways_in.second_factors(walk)
    await ways_in.passkey_alone(walk)
    await ways_in.guest(walk)
    await ways_in.invited(walk, chief)
    respond = f"{walk.home.tenant.issuer}/admin/audit/respond"
    await walk.look_at(chief, await chief.visit(f"{respond}?address=198.51.100.77"))
    made = {"username": f"made-{walk.home.word}", "email": ""}
    await walk.look_at(chief, await chief.visit(f"{walk.home.tenant.issuer}/admin/users/new"), made)
    await walk.visitor(chief, typed).everywhere()


async def _signing_in(walk: Walk, app: Application, person: Person) -> dict[str, Any]:
    """A person lets an application in, by a request that it has pushed."""
    pushed = await app.pushed(app.ask())
    asking = app.ask()
    uri = (await app.pushed(asking)).json()["request_uri"]
    page = await sent_on(person, app.led_by(uri))
    await walk.look_at(person, page)
    assert pushed.status_code == 201, pushed.text
    answer = await person.submit({"decision": "allow"}, to="/decision", follow=False)
    tokens = (await app.redeem(told(answer)["code"], asking)).json()
    found: dict[str, Any] = (await app.refresh(tokens["refresh_token"])).json()
    await allowed(person, app.ask(id_token_hint=found["id_token"], login_hint="x"))
    await person.http.post(
        f"{walk.home.tenant.issuer}/oauth/authorize",
        data=dict(httpx2.URL(app.ask().url).params),
    )
    return found


async def _devices(walk: Walk, person: Person) -> None:
    device = walk.device()
    shown = await device.start(scope="openid read")
    done = await decide(person, shown)
    for link in Page(done.text).links:
        if "/device/decided/" in link:
            await person.visit(urljoin(str(done.url), link))
    await device.poll(shown["device_code"])


async def _stated(walk: Walk) -> None:
    """As if the present month had ended."""
    parts = walk.stage.parts
    now = parts.clock()
    month = now.date().replace(day=1)
    said = {"month": f"{month:%Y-%m}", "plan": "default", "lines": [], "corrections": []}
    key = stated.keys(parts)[0]
    async with transaction():
        await usage_statements.add(month, key.sign(said), now=now)


async def _leaving(walk: Walk, app: Application, member: Person) -> None:
    """Signing out, by an application's wish and by one's own."""
    tokens = await app.signed_in(member)
    bye = f"https://app.{walk.home.word}.example/bye"
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": bye, "state": "s"}
    url = f"{walk.home.tenant.issuer}/oauth/logout"
    for asked in (query, {"client_id": walk.home.web.client.client_id}):
        async with walk.undone(member.http):
            answer = await member.http.get(url, params=asked)
            page = await member.http.get(urljoin(url, answer.headers["location"]))
            await walk.look_at(member, page)
        async with walk.undone(member.http):
            await member.http.post(url, data=asked)


async def _people_from_a_file(walk: Walk, chief: Person) -> None:
    page = await chief.visit(f"{walk.home.tenant.issuer}/admin/users/import")
    form = next(each for each in forms(page.text) if each.action.endswith("/import"))
    lines = f"username,email\ncame-{walk.home.word},came@{walk.home.word}.example\n"
    async with walk.undone():
        answer = await chief.http.post(
            urljoin(str(page.url), form.action), data=form.hidden, files={"file": ("people", lines)}
        )
        assert answer.is_redirect, answer.text
