"""``/admin/settings`` and ``/admin/branding``: chosen in forms, looked at first, and taken back."""

import base64
import re
from dataclasses import asdict
from html import unescape
from io import BytesIO

from PIL import Image

from authgate import provisioning
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.settings import PLANNED_LIMITS
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Plan, Tenant, use_tenant
from authgate_tenants.setting_groups import GROUPS, SettingGroup
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer


async def settings_now(server: RunningServer) -> dict[str, object]:
    tenant = await server.parts.resolver.find("acme")
    assert tenant is not None
    return asdict(tenant.settings)


async def test_settings_are_chosen_in_a_form_told_apart_and_brought_back(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, ledger: Ledger
) -> None:
    here = f"{acme.issuer}/admin/settings"
    page = await admin.visit(f"{here}/sessions")
    assert "Signed out after doing nothing for, seconds" in page.text
    typed = {"session_idle_lifetime": "900", "comment": "Shorter <b>"}
    page = await admin.submit(typed, to="/settings/sessions")
    assert "Saved. It is in force." in page.text
    assert (await settings_now(server))["session_idle_lifetime"] == 900
    page = await admin.visit(f"{here}/history")
    assert "Shorter &lt;b&gt;" in page.text
    second, first = re.findall(r'href="([^"]*/history/[0-9a-f-]{36})"', page.text)
    page = await admin.visit(f"http://localhost:8080{second}")
    assert re.search(r"<bdi>1800</bdi>.*<bdi>900</bdi>", page.text)
    await admin.visit(f"http://localhost:8080{first}")
    page = await admin.submit({}, to="/restore")
    assert "Version 1 again" in page.text
    assert (await settings_now(server))["session_idle_lifetime"] == 1800
    events = await ledger.events(acme, Event.TENANT_UPDATED)
    assert [event.actor_id for event in events] == [str(alice.id)] * 2


@on_sqlite
async def test_people_read_what_a_setting_is_called_and_not_its_name(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    planned = dict.fromkeys(PLANNED_LIMITS, "5/s burst 50")
    await provisioning.put_plan(server.parts, Plan("tried", limits=planned))
    await provisioning.give_plan(server.parts, acme, "tried")
    elsewhere = {SettingGroup.BRANDING: "branding", SettingGroup.PLUGINS: "plugins"}
    for group, names in GROUPS.items():
        place = elsewhere.get(group, f"settings/{group}")
        page = await admin.visit(f"{acme.issuer}/admin/{place}")
        for name in names:
            assert re.search(rf'id="{name}"', page.text), name
            assert not re.search(rf">\s*{name}\s*<", page.text), f"{name} wants a label"
            assert not re.search(rf'id="{name}-hint">\s*<', page.text), f"{name} wants a hint"
    page = await admin.visit(f"{acme.issuer}/admin/limits")
    nameless = re.search(r'<td class="first">\s*<small><code>(.*?)<', page.text)
    assert nameless is None, f"{nameless[1]} wants a label"


@on_sqlite
async def test_what_is_wrong_is_said_and_nothing_is_saved_over_what_somebody_else_chose(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/settings"
    await admin.visit(f"{here}/clients")
    page = await admin.submit(
        {"allowed_origins": "https://a.example\nnowhere", "require_pkce": "1"}, to="/clients"
    )
    assert page.status_code == 400
    assert "nowhere: " in page.text
    assert "https://a.example\nnowhere</textarea>" in page.text
    assert (await settings_now(server))["require_pkce"] is False
    fields = {"allowed_origins": "https://a.example", "require_pkce": "1"}
    stale = dict(forms(page.text)[-1].hidden)
    assert (await admin.submit(fields, to="/clients")).status_code == 200
    assert (await settings_now(server))["allowed_origins"] == ("https://a.example",)
    answer = await admin.http.post(f"{here}/clients", data=stale | {"require_pkce": ""})
    assert answer.status_code == 409
    assert "Somebody else has changed it meanwhile." in answer.text
    assert (await settings_now(server))["require_pkce"] is True
    page = await admin.visit(f"{here}/operator")
    said = forms(page.text)[0].hidden | {"login_limits": ""}
    assert (await admin.http.post(f"{here}/operator", data=said)).status_code == 404


async def test_a_look_is_tried_before_anybody_sees_it(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/branding"
    page = await admin.visit(here)
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    typed = {"sign_in_title": "Hello <i>you</i>", "brand_color": "#0b7a75"}
    page = await admin.submit(typed, to="/branding")
    assert "Saved. It is in force." in page.text
    picture = BytesIO()
    Image.new("RGB", (9, 9), "teal").save(picture, "PNG")
    form = next(each for each in forms(page.text) if each.action.endswith("/logo"))
    page = await admin.http.post(
        f"http://localhost:8080{form.action}",
        data=form.hidden,
        files={"picture": ("logo.png", picture.getvalue(), "image/png")},
    )
    assert page.status_code == 200, page.text
    assert (await settings_now(server))["logo"] == "", "nobody has saved it"
    frames = [unescape(each) for each in re.findall(r'<iframe[^>]* src="([^"]+)"', page.text)]
    assert len(frames) == 4
    for url in frames:
        shown = await admin.http.get(f"http://localhost:8080{url}")
        policy = shown.headers["content-security-policy"]
        assert ("sandbox allow-same-origin" in policy, "form-action 'none'" in policy) == (
            True,
            True,
        )
        assert shown.headers["x-frame-options"] == "SAMEORIGIN"
        assert "<script" not in shown.text
        assert "/static/brand/0b7a75-" in shown.text
        assert "/branding/logos/" in shown.text
    login = await admin.http.get(f"http://localhost:8080{frames[0]}")
    assert "Hello &lt;i&gt;you&lt;/i&gt;" in login.text
    chinese = await admin.http.get(f"http://localhost:8080{frames[3]}")
    assert '<html lang="zh-Hant"' in chinese.text
    half_typed = await admin.http.get(f"{here}/preview/sign-in?brand_color=%230b&sign_in_title=x")
    assert "Hello &lt;i&gt;" in half_typed.text, "what cannot be is as it is"
    assert (await admin.http.get(f"{here}/preview/admin")).status_code == 404
    stranger = await server.browser().get(f"{here}/preview/sign-in")
    assert stranger.status_code == 303
    theirs = await admin.http.get(f"{globex.issuer}/admin/branding/preview/sign-in")
    assert theirs.status_code == 303, "who administers acme is nobody there"
    refused = await admin.http.post(
        f"http://localhost:8080{form.action}",
        data=form.hidden,
        files={"picture": ("logo.svg", b"<svg/>", "image/svg+xml")},
    )
    assert refused.status_code == 400
    assert base64.b64encode(b"<svg/>").decode() not in refused.text


@on_sqlite
async def test_who_may_only_look_changes_nothing(acme: Tenant, admin: Person, alice: User) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.AUDITOR)
    for path in ("settings", "settings/lifetimes", "settings/history", "branding"):
        page = await admin.visit(f"{acme.issuer}/admin/{path}")
        assert page.status_code == 200, path
        assert ">Save<" not in page.text
    here = f"{acme.issuer}/admin/settings/lifetimes"
    token = forms((await admin.visit(here)).text)[0].hidden
    refused = await admin.http.post(here, data=token | {"id_token_lifetime": "60"})
    assert refused.status_code == 403
