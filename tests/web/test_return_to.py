"""Where a browser may be sent after a form: pages of the same tenant, and nowhere else."""

from urllib.parse import quote, urlencode
from uuid import UUID

import pytest

from authgate.storage.people.users import User
from authgate.web import return_to
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"
HOME = "/account/sessions"

EVIL = [
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "/%09/evil.test",
    "/%5cevil.test",
    "/%2f/evil.test",
    "/%2fevil.test",
    "https:evil.test",
    "https:/evil.test",
    "https://evil.test",
    "HTTP://evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.test",
    "@evil.test",
    ".evil.test",
    "/t/acme@evil.test",
    "/t/acme.evil.test",
    "/t/acmeevil/login",
    "/t/acme//evil.test",
    "/t/acme/\\evil.test",
    "/t/acme/..//evil.test",
    "/t/acme/../globex/login",
    "/t/acme/%2e%2e/globex/login",
    "/t/acme/login#@evil.test",
    "/t/acme/login\r\nSet-Cookie: a=b",
    "/t/acme/login%0d%0aSet-Cookie:a=b",
    "/t/acme/device?next=//evil.test",
    "/t/acme/\x00",
    "/t/acme/d\u00e9vice",
    "/t/acme/\u2028",
    "/t/globex/account/sessions",
    "/t/ACME/login",
    "/login",
    "/",
    " /t/acme/device",
    "/t/acme/" + "x" * 2_100,
    "",
]
SAFE = [
    "/t/acme/device",
    "/t/acme/device?user_code=BCDF-GHJK",
    "/t/acme/account/sessions?ended=1",
]


@on_sqlite
async def test_ru_14_signing_in_leads_to_a_page_of_the_tenant_whatever_is_asked_for(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person = Person(server.browser())
    for number, target in enumerate([*EVIL, *SAFE]):
        expected = target if target in SAFE else f"{acme.prefix}{HOME}"
        url = f"{acme.issuer}/login?" + urlencode(
            {"return_to": target, "redirect": target, "next": target}
        )
        form = forms((await person.visit(url)).text)[0]
        assert form.hidden["return_to"] == expected
        # The page lets nothing through, and nor does the form itself.
        if number % 6 == 0 and "\x00" not in target:
            fields = {"username": "alice", "password": PASSWORD, "return_to": target}
            answer = await person.submit(fields, to="/login", follow=False)
            assert (answer.status_code, answer.headers["location"]) == (303, expected)


def tenant(prefix: str) -> Tenant:
    return Tenant(
        id=UUID(int=1),
        slug="acme",
        name="Acme",
        status=TenantStatus.ACTIVE,
        issuer=f"https://id.test{prefix}",
        prefix=prefix,
        settings=TenantSettings(),
    )


@pytest.mark.parametrize("target", [each for each in EVIL if each not in ("/", "/login")])
def test_ru_14_a_tenant_at_the_root_leads_nowhere_else_either(target: str) -> None:
    with use_tenant(tenant("")):
        assert return_to.safe(target, otherwise=HOME) == HOME


def test_a_plain_path_of_the_tenant_is_kept() -> None:
    with use_tenant(tenant("/t/acme")):
        for target in SAFE:
            assert return_to.safe(target, otherwise=HOME) == target
    with use_tenant(tenant("")):
        for target in ("/device?user_code=BCDF-GHJK", "/", "/login"):
            assert return_to.safe(target, otherwise=HOME) == target


@on_sqlite
async def test_who_has_to_sign_in_comes_back_to_the_page_they_wanted(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    for wanted in ("/device?user_code=BCDF-GHJK", "/account/sessions?ended=1&x=%C3%A9%20%26"):
        person = Person(server.browser())
        page = await person.visit(f"{acme.issuer}{wanted}")
        assert page.url.path == "/t/acme/login"
        await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
        assert person.page is not None
        assert person.page.url.raw_path.decode() == f"/t/acme{wanted}"


@on_sqlite
async def test_ru_14_the_way_to_the_sign_in_carries_no_other_host(
    server: RunningServer, acme: Tenant
) -> None:
    for query in ("user_code=//evil.test", quote("user_code=\\evil"), "a=b&return_to=//evil.test"):
        answer = await server.http.get(f"{acme.issuer}/device?{query}")
        assert answer.headers["location"].startswith("/t/acme/login?return_to=/t/acme/device?")
        page = await server.http.get(answer.headers["location"])
        target = forms(page.text)[0].hidden["return_to"]
        assert target.startswith("/t/acme/")
        assert "//" not in target


@on_sqlite
async def test_ru_16_a_form_is_never_sent_on_to_another_address(
    acme: Tenant, person: Person
) -> None:
    for path, fields in (
        ("/account/sessions/end-others", {}),
        ("/account/sessions/end", {"session": "x"}),
        ("/account/access/remove", {"access": "x"}),
        ("/logout", {}),
        ("/login", {"username": "alice", "password": PASSWORD}),
    ):
        page = await person.visit(f"{acme.issuer}/account/sessions")
        token = forms(page.text)[0].hidden["csrf_token"]
        answer = await person.http.post(f"{acme.issuer}{path}", data={"csrf_token": token} | fields)
        assert answer.status_code == 303, path
        assert answer.content == b""
