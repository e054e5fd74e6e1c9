"""The authorization code grant, as an application and a person's browser see it."""

import asyncio
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.grants.authorization_requests import AuthorizationRequestRow
from authgate.storage.grants.consents import Consent
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.keys.signing_keys import SigningKey
from authgate.storage.people.users import User
from authgate.vocabulary import ApplicationType, ClientStatus, ConsentPolicy
from authgate_tenants import Tenant, use_tenant
from authgate_testing import PostgresServer
from authgate_testing.application import (
    Application,
    allowed,
    claims,
    decided,
    hidden_fields,
    is_asked,
    sent_on,
    told,
)
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger, at_rest
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

CALLBACK = "https://console.example/callback"
_ALLOW = {"decision": "allow"}


async def test_a_person_lets_an_application_in(
    console: Application, person: Person, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    asking = console.ask()
    question = await sent_on(person, asking.url)
    assert is_asked(question)
    assert "Acme Console" in question.text
    assert "console.example" in question.text
    answer = told(await decided(person, "allow"))
    assert answer["state"] == asking.state
    assert answer["iss"] == acme.issuer
    tokens = (await console.redeem(answer["code"], asking)).json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == "openid profile email"
    access = await claims(console.http, acme, tokens["access_token"], audience=acme.issuer)
    assert access["sub"] == str(alice.id)
    identity = await claims(console.http, acme, tokens["id_token"], audience="console")
    assert identity["sub"] == str(alice.id)
    assert identity["nonce"] == asking.nonce
    assert identity["email"] == "alice@acme.example"
    assert (identity["amr"], identity["acr"]) == (["pwd"], "1")
    assert await ledger.events(acme, Event.USER_AUTHORIZATION_GRANTED)
    assert await ledger.events(acme, Event.AUTHORIZATION_CODE_GENERATED)


@on_sqlite
async def test_who_is_not_signed_in_signs_in_on_the_way(
    server: RunningServer, console: Application, alice: User
) -> None:
    person, asking = Person(server.browser()), console.ask(login_hint="alice@acme.example")
    page = await sent_on(person, asking.url)
    assert 'value="alice@acme.example"' in page.text
    assert "Acme Console" in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https:;" in policy
    signed_in = await person.submit(
        {"username": "alice", "password": PASSWORD}, to="/login", follow=False
    )
    question = await sent_on(person, signed_in.headers["Location"])
    assert is_asked(question)
    assert told(await decided(person, "allow"))["state"] == asking.state


@on_sqlite
async def test_a_browser_that_a_form_of_the_application_sends_is_asked_as_well(
    server: RunningServer, console: Application, person: Person
) -> None:
    asking = console.ask()
    url, _, query = asking.url.partition("?")
    answer = await person.http.post(
        url,
        data=dict(parse_qsl(query)),
        headers={"Origin": "https://console.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 303
    assert is_asked(await sent_on(person, answer.headers["Location"]))


@on_sqlite
async def test_what_was_allowed_is_not_asked_again_and_more_is(
    console: Application, person: Person
) -> None:
    await allowed(person, console.ask())
    assert "code" in told(await sent_on(person, console.ask(scope="openid").url))
    assert is_asked(await sent_on(person, console.ask(scope="openid write").url))
    assert is_asked(await sent_on(person, console.ask(prompt="consent").url))


@on_sqlite
@pytest.mark.parametrize(
    ("consent", "asked"), [(ConsentPolicy.ALWAYS, True), (ConsentPolicy.IMPLICIT, False)]
)
async def test_a_tenant_says_when_people_are_asked(
    server: RunningServer,
    console: Application,
    person: Person,
    acme: Tenant,
    consent: ConsentPolicy,
    asked: bool,
) -> None:
    with use_tenant(acme):
        change = ClientChange(consent=consent, first_party=consent is ConsentPolicy.IMPLICIT)
        await provisioning.change_client(server.parts, "console", change)
    await allowed(person, console.ask())
    assert is_asked(await sent_on(person, console.ask().url)) is asked


@on_sqlite
async def test_a_program_on_somebodys_machine_is_asked_about_every_time(
    native: Application, person: Person
) -> None:
    """RFC 8252 section 8.6: another program may listen there."""
    answer = await allowed(person, native.ask())
    assert answer["code"]
    assert is_asked(await sent_on(person, native.ask().url))


@on_sqlite
async def test_who_denies_sends_the_application_away(
    console: Application, person: Person, acme: Tenant, ledger: Ledger
) -> None:
    asking = console.ask()
    await sent_on(person, asking.url)
    answer = told(await decided(person, "deny"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == asking.state
    assert answer["iss"] == acme.issuer
    assert await ledger.events(acme, Event.AUTHORIZATION_CODE_DENIED)


@on_sqlite
async def test_a_request_is_answered_once(console: Application, person: Person) -> None:
    page = await sent_on(person, console.ask().url)
    await decided(person, "allow")
    person.page = page
    again = await decided(person, "allow")
    assert again.status_code == 400
    assert "Location" not in again.headers


async def test_of_decisions_that_arrive_together_one_counts(
    console: Application, person: Person, acme: Tenant
) -> None:
    page = await sent_on(person, console.ask().url)
    form = next(each for each in forms(page.text) if each.action.endswith("/decision"))
    url = urljoin(str(page.url), form.action)
    answers = await asyncio.gather(
        *(
            person.http.post(url, data=form.hidden | {"decision": decision})
            for decision in ("deny", "allow") * 6
        )
    )
    [counted] = [answer for answer in answers if answer.status_code == 303]
    assert {answer.status_code for answer in answers} == {303, 400}
    with use_tenant(acme):
        is_remembered = await Consent.all().exists()
    assert is_remembered is ("code" in told(counted))


@on_sqlite
async def test_nobody_is_led_where_the_client_is_registered_no_longer(
    server: RunningServer, console: Application, person: Person
) -> None:
    await sent_on(person, console.ask().url)
    with use_tenant(console.tenant):
        change = ClientChange(redirect_uris=["https://console.example/other"])
        await provisioning.change_client(server.parts, "console", change)
    answer = await decided(person, "allow")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@on_sqlite
async def test_a_request_waits_for_an_hour_and_no_longer(
    server: RunningServer, console: Application, person: Person
) -> None:
    await sent_on(person, console.ask().url)
    server.clock.advance(3601)
    assert (await person.http.get(str(person.page.url) if person.page else "")).status_code == 400


@on_sqlite
async def test_an_answer_comes_by_a_form_where_the_application_wants_it(
    console: Application, person: Person
) -> None:
    asking = console.ask(response_mode="form_post", prompt="consent")
    await sent_on(person, asking.url)
    page = await decided(person, "allow")
    assert page.status_code == 200
    assert f'action="{CALLBACK}"' in page.text
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    answer = told(page)
    assert answer["state"] == asking.state
    assert (await console.redeem(answer["code"], asking)).status_code == 200


# Who has to sign in again, and who must not be asked.


@on_sqlite
async def test_wb_18_nobody_is_shown_a_page_where_the_application_forbids_it(
    server: RunningServer, console: Application, person: Person
) -> None:
    nobody = Person(server.browser())
    asking = console.ask(prompt="none")
    assert told(await sent_on(nobody, asking.url))["error"] == "login_required"
    assert told(await sent_on(person, console.ask(prompt="none").url))["error"] == (
        "consent_required"
    )
    await allowed(person, console.ask())
    assert "code" in told(await sent_on(person, console.ask(prompt="none").url))


@on_sqlite
@pytest.mark.parametrize("wanted", [{"prompt": "login"}, {"max_age": "0"}])
async def test_wb_19_an_application_may_want_a_fresh_sign_in(
    server: RunningServer, console: Application, person: Person, wanted: dict[str, str]
) -> None:
    await allowed(person, console.ask())
    asking = console.ask(**wanted)
    page = await sent_on(person, asking.url)
    assert 'name="password"' in page.text
    signed_in = await person.submit(
        {"username": "alice", "password": PASSWORD}, to="/login", follow=False
    )
    assert "code" in told(await sent_on(person, signed_in.headers["Location"]))


@on_sqlite
async def test_an_old_sign_in_is_good_enough_for_who_allows_its_age(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    await allowed(person, console.ask())
    server.clock.advance(600)
    assert "code" in told(await sent_on(person, console.ask(max_age="900").url))
    page = await sent_on(person, console.ask(max_age="300").url)
    assert 'name="password"' in page.text


@on_sqlite
async def test_who_is_hinted_at_has_to_be_who_is_signed_in(
    console: Application, person: Person, colleague: Person
) -> None:
    hint = (await console.signed_in(person))["id_token"]
    await allowed(colleague, console.ask())
    asking = console.ask(id_token_hint=hint, prompt="none")
    assert "code" in told(await sent_on(person, asking.url))
    asking = console.ask(id_token_hint=hint, prompt="none")
    assert told(await sent_on(colleague, asking.url))["error"] == "login_required"


@on_sqlite
async def test_nobody_is_answered_with_who_signs_in_instead_of_who_was_hinted_at(
    server: RunningServer, console: Application, person: Person, carol: User
) -> None:
    hint = (await console.signed_in(person))["id_token"]
    other = Person(server.browser())
    await sent_on(other, console.ask(id_token_hint=hint).url)
    signed_in = await other.submit(
        {"username": carol.username, "password": PASSWORD}, to="/login", follow=False
    )
    answer = await sent_on(other, signed_in.headers["Location"])
    assert told(answer)["error"] == "login_required"


@on_sqlite
async def test_a_person_may_go_on_as_somebody_else(
    console: Application, person: Person, carol: User, acme: Tenant
) -> None:
    page = await sent_on(person, console.ask().url)
    fields = hidden_fields(page.text)
    switched = await person.http.post(f"{page.url}/switch", data=fields)
    login = await sent_on(person, switched.headers["Location"])
    assert 'name="password"' in login.text
    back = await person.submit(
        {"username": "carol", "password": PASSWORD}, to="/login", follow=False
    )
    question = await sent_on(person, back.headers["Location"])
    assert is_asked(question)
    assert "carol" in question.text


@on_sqlite
async def test_no_decision_is_a_no(console: Application, person: Person) -> None:
    await sent_on(person, console.ask().url)
    answer = await person.submit({}, to="/decision", follow=False)
    assert told(answer)["error"] == "access_denied"


# What is wrong with a request. Before the address is proven, a page; after that, the application.


@on_sqlite
async def test_a_tenant_may_keep_names_and_addresses_out_of_id_tokens(
    server: RunningServer, console: Application, person: Person, acme: Tenant, alice: User
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda old: old.changed({"id_token_personal_claims": False})
    )
    tokens = await console.signed_in(person)
    said = await claims(server.http, acme, tokens["id_token"], audience="console")
    assert said["sub"] == str(alice.id)
    assert not {"name", "preferred_username", "email", "email_verified", "updated_at"} & set(said)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    told_ = (await server.http.get(f"{acme.issuer}/oauth/userinfo", headers=bearer)).json()
    assert told_["email"] == "alice@acme.example"


@on_sqlite
async def test_what_is_not_known_of_a_request_does_no_harm(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    odd = {"display": "popup", "claims_locales": "se", "ui_locales": "xx", "acr_values": "1 2"}
    asking = console.ask(nonce="", extra="foobar", **odd)
    code = (await allowed(person, asking))["code"]
    tokens = (await console.redeem(code, asking)).json()
    said = await claims(server.http, acme, tokens["id_token"], audience="console")
    assert "nonce" not in said


@on_sqlite
async def test_a_query_belongs_to_a_redirect_uri(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    registered = f"{CALLBACK}?of=acme"
    with use_tenant(acme):
        change = ClientChange(redirect_uris=[registered])
        await provisioning.change_client(server.parts, "console", change)
    for wrong in (CALLBACK, f"{CALLBACK}?of=globex", f"{registered}&x=1"):
        assert (await sent_on(person, console.ask(redirect_uri=wrong).url)).status_code == 400
    answer = await allowed(person, console.ask(redirect_uri=registered))
    assert answer["of"] == "acme"
    assert answer["code"]


UNPROVEN = {
    "ru_01_another_host": {"redirect_uri": "https://evil.example/cb"},
    "ru_02_nobody": {"client_id": "nobody", "redirect_uri": "https://evil.example/cb"},
    "ru_03_a_long_state": {"redirect_uri": "https://evil.example/cb", "state": "x" * 4097},
    "ru_05_a_longer_path": {"redirect_uri": f"{CALLBACK}/more"},
    "ru_05_a_longer_word": {"redirect_uri": f"{CALLBACK}x"},
    "ru_05_up_and_away": {"redirect_uri": f"{CALLBACK}/..%2fevil"},
    "ru_06_dots": {"redirect_uri": "https://console.example/x/../callback"},
    "ru_06_an_encoded_letter": {"redirect_uri": "https://console.example/%63allback"},
    "ru_06_nul": {"redirect_uri": f"{CALLBACK}\0"},
    "ru_09_a_query": {"redirect_uri": f"{CALLBACK}?x=1"},
    "ru_10_a_fragment": {"redirect_uri": f"{CALLBACK}#x"},
    "ru_12_capitals": {"redirect_uri": "https://CONSOLE.example/callback"},
    "ru_12_a_trailing_dot": {"redirect_uri": "https://console.example./callback"},
    "ru_12_cyrillic": {"redirect_uri": "https://c\u043ensole.example/callback"},
    "ru_12_a_line_break": {"redirect_uri": f"{CALLBACK}\r\nX: y"},
    "ru_12_a_tab": {"redirect_uri": "https://console.example/\tcallback"},
}


@on_sqlite
@pytest.mark.parametrize("parameters", UNPROVEN.values(), ids=UNPROVEN.keys())
async def test_nobody_is_sent_where_no_client_is_registered(
    console: Application, person: Person, parameters: dict[str, str]
) -> None:
    answer = await person.http.get(console.ask(**parameters).url)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert "evil" not in answer.text


UNREADABLE = {
    "a_nul": "state=a%00b",
    "a_nul_in_the_name_of_the_client": "client_id=%00",
    "half_an_escape": "state=%4",
    "bytes_that_are_no_text": "state=%ff",
    "half_a_pair": "state=%ed%a0%80",
    "too_many": "&".join(f"p{number}=1" for number in range(100)),
}


@pytest.mark.parametrize("piece", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_request_that_cannot_be_read_is_told_so_on_a_page(
    console: Application, person: Person, piece: str
) -> None:
    answer = await person.http.get(f"{console.ask(state='').url}&{piece}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


@on_sqlite
@pytest.mark.parametrize("evil_first", [True, False])
async def test_ru_13_an_address_that_is_given_twice_is_nobodys(
    console: Application, person: Person, evil_first: bool
) -> None:
    evil, url = "redirect_uri=https%3A%2F%2Fevil.example%2Fcb", console.ask().url
    url = url.replace("?", f"?{evil}&") if evil_first else f"{url}&{evil}"
    answer = await person.http.get(url)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


REFUSED = {
    "pk_01_no_challenge": ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
    "pk_04_plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "pk_04_no_method": ({"code_challenge_method": ""}, "invalid_request"),
    "pk_04_small_letters": ({"code_challenge_method": "s256"}, "invalid_request"),
    "pk_05_method_alone": ({"code_challenge": ""}, "invalid_request"),
    "pk_08_short": ({"code_challenge": "x" * 42}, "invalid_request"),
    "pk_08_padded": ({"code_challenge": "x" * 42 + "="}, "invalid_request"),
    "mx_04_token": ({"response_type": "token"}, "unsupported_response_type"),
    "mx_04_hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "nothing": ({"response_type": ""}, "invalid_request"),
    "mx_06_fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "mx_06_web_message": ({"response_mode": "web_message"}, "invalid_request"),
    "scope": ({"scope": "admin"}, "invalid_scope"),
    "scope_with_quotes": ({"scope": 'openid "x"'}, "invalid_scope"),
    "mx_14_state": ({"state": "x" * 4097}, "invalid_request"),
    "mx_14_nonce": ({"nonce": "x" * 1025}, "invalid_request"),
    "prompt": ({"prompt": "none login"}, "invalid_request"),
    "unknown_prompt": ({"prompt": "create"}, "invalid_request"),
    "mx_14_max_age": ({"max_age": "-1"}, "invalid_request"),
    "mx_14_endless_age": ({"max_age": "1e9999"}, "invalid_request"),
    "mx_14_age_in_other_digits": ({"max_age": "\u0663"}, "invalid_request"),
    "mx_11_request_uri": (
        {"request_uri": "http://169.254.169.254/"},
        "request_uri_not_supported",
    ),
    "registration": ({"registration": "{}"}, "registration_not_supported"),
}


@on_sqlite
@pytest.mark.parametrize(("parameters", "error"), REFUSED.values(), ids=REFUSED.keys())
async def test_an_application_is_told_what_is_wrong_with_its_request(
    console: Application, person: Person, acme: Tenant, parameters: dict[str, str], error: str
) -> None:
    asking = console.ask(**parameters)
    answer = await person.http.get(asking.url)
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    said = told(answer)
    assert said["error"] == error
    assert said["iss"] == acme.issuer
    assert said["state"] == parameters.get("state", asking.state)


@on_sqlite
@pytest.mark.parametrize("same", [True, False])
async def test_mx_08_any_parameter_twice_is_refused(
    console: Application, person: Person, same: bool
) -> None:
    asking = console.ask(prompt="consent", max_age="60", response_mode="query")
    for name, value in parse_qsl(urlsplit(asking.url).query):
        twice = urlencode({name: value if same else "x"})
        answer = await person.http.get(f"{asking.url}&{twice}")
        if name in ("client_id", "redirect_uri"):
            assert answer.status_code == 400, name
        else:
            assert told(answer)["error"] == "invalid_request", name


@on_sqlite
async def test_mx_01_every_answer_says_whose_it_is(
    console: Application, person: Person, acme: Tenant
) -> None:
    metadata = await console.http.get(f"{acme.issuer}/.well-known/openid-configuration")
    assert metadata.json()["authorization_response_iss_parameter_supported"] is True
    assert metadata.json()["issuer"] == acme.issuer
    answers = [
        await allowed(person, console.ask()),
        told(await sent_on(person, console.ask(response_mode="form_post").url)),
        told(await person.http.get(console.ask(scope="admin").url)),
        told(await sent_on(person, console.ask(prompt="none", max_age="0").url)),
    ]
    assert ["code" in answer for answer in answers] == [True, True, False, False]
    assert {answer["iss"] for answer in answers} == {acme.issuer}


@on_sqlite
async def test_mx_07_a_state_stays_text_in_the_page_that_sends_it(
    console: Application, person: Person
) -> None:
    state = """"><script>alert(1)</script><form action='https://evil.example'>&amp;"""
    await sent_on(person, console.ask(response_mode="form_post", state=state).url)
    page = await decided(person, "allow")
    assert "<script>alert" not in page.text
    assert "<form action='" not in page.text
    assert told(page)["state"] == state
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy


@on_sqlite
async def test_ru_04_the_form_of_a_page_cannot_change_where_the_answer_goes(
    console: Application, person: Person
) -> None:
    await sent_on(person, console.ask().url)
    answer = await person.submit(
        {"decision": "deny", "redirect_uri": "https://evil.example/", "state": "other"},
        to="/decision",
        follow=False,
    )
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")


@on_sqlite
async def test_wb_17_one_requests_form_decides_on_no_other(
    console: Application, person: Person
) -> None:
    first = await sent_on(person, console.ask().url)
    other = await sent_on(person, console.ask(scope="openid write").url)
    fields = hidden_fields(first.text)
    assert fields["request"] == str(first.url).rpartition("/")[2]
    for forged in (
        hidden_fields(other.text),
        fields | {"csrf_token": hidden_fields(other.text)["csrf_token"]},
    ):
        answer = await person.http.post(f"{first.url}/decision", data=forged | _ALLOW)
        assert answer.status_code == 403
    genuine = await person.http.post(f"{first.url}/decision", data=fields | _ALLOW)
    assert "code" in told(genuine)


@on_sqlite
async def test_ru_08_a_program_chooses_its_port_and_a_server_does_not(
    native: Application, console: Application, person: Person, server: RunningServer, acme: Tenant
) -> None:
    assert is_asked(await sent_on(person, native.ask().url))
    native.redirect_uri = "com.example.acme:/callback"
    assert is_asked(await sent_on(person, native.ask().url))
    for uri in (
        "http://localhost:53412/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://[::1]:53412/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1:53412/elsewhere",
        "https://127.0.0.1:53412/callback",
    ):
        answer = await person.http.get(native.ask(redirect_uri=uri).url)
        assert answer.status_code == 400, uri


@on_sqlite
async def test_ru_08_a_program_chooses_its_port_of_localhost_if_it_has_registered_none(
    native: Application, person: Person, server: RunningServer, acme: Tenant
) -> None:
    await answered_at(server, acme, "http://localhost/callback", "http://localhost:8888/fixed")
    for uri in ("http://localhost:53412/callback", "http://localhost:8888/fixed"):
        assert is_asked(await sent_on(person, native.ask(redirect_uri=uri).url)), uri
    native.redirect_uri = "http://localhost:53412/callback"
    assert (await native.signed_in(person))["id_token"]
    for uri in (
        "http://localhost:53412/fixed",
        "http://localhost/fixed",
        "http://127.0.0.1:53412/callback",
        "http://[::1]:53412/callback",
        "http://localhost:53412/callback/",
        "http://localhost:534120/callback",
        "http://localhost:53412@evil.example/callback",
        "http://localhost.evil.example:53412/callback",
        "http://localhost.:53412/callback",
        "http://LOCALHOST:53412/callback",
        "https://localhost:53412/callback",
    ):
        assert (await person.http.get(native.ask(redirect_uri=uri).url)).status_code == 400, uri


@on_sqlite
async def test_ru_08_localhost_is_taken_to_the_letter_for_who_is_no_program_of_the_persons(
    native: Application, console: Application, person: Person, server: RunningServer, acme: Tenant
) -> None:
    at = "http://localhost:53412/callback"
    await answered_at(server, acme, "http://localhost/callback", kind=ApplicationType.WEB)
    assert (await person.http.get(native.ask(redirect_uri=at).url)).status_code == 400
    # A confidential client may be registered to do without PKCE.
    await answered_at(server, acme, "http://localhost/callback", client_id="console")
    assert (await person.http.get(console.ask(redirect_uri=at).url)).status_code == 400
    assert is_asked(
        await sent_on(person, console.ask(redirect_uri="http://localhost/callback").url)
    )


async def answered_at(
    server: RunningServer,
    tenant: Tenant,
    *uris: str,
    client_id: str = "desktop",
    kind: ApplicationType = ApplicationType.NATIVE,
) -> None:
    """Register where a client of a tenant is answered."""
    with use_tenant(tenant):
        change = ClientChange(redirect_uris=list(uris), application_type=kind)
        await provisioning.change_client(server.parts, client_id, change)


@on_sqlite
async def test_ru_19_a_client_of_one_tenant_is_nobody_at_another(
    console: Application, stranger: Person, globex: Tenant
) -> None:
    url = console.ask().url.replace(console.tenant.issuer, globex.issuer)
    answer = await stranger.http.get(url)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@on_sqlite
async def test_one_tenants_request_is_unknown_at_another(
    console: Application, person: Person, stranger: Person, globex: Tenant, acme: Tenant
) -> None:
    page = await sent_on(person, console.ask().url)
    elsewhere = str(page.url).replace(acme.issuer, globex.issuer)
    assert elsewhere != str(page.url)
    assert (await stranger.http.get(elsewhere)).status_code == 400


@on_sqlite
async def test_ru_17_no_page_on_the_way_tells_another_site_where_it_is(
    console: Application, person: Person
) -> None:
    page = await sent_on(person, console.ask().url)
    assert page.headers["referrer-policy"] == "no-referrer"
    assert 'src="http' not in page.text


# Codes.


@on_sqlite
async def test_who_chose_a_shared_secret_before_there_were_id_tokens_has_them_signed_too(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: before.changed({"signing_algorithm": "HS256"})
    )
    with use_tenant(acme):
        await SigningKey.filter(algorithm="ES256").delete()
    tokens = await console.signed_in(person)
    assert await claims(console.http, acme, tokens["id_token"], audience="console")


async def test_co_01_of_redemptions_that_arrive_together_one_is_given_tokens(
    console: Application, person: Person, acme: Tenant
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    answers = await asyncio.gather(*(console.redeem(code, asking) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    with use_tenant(acme):
        assert await RefreshToken.all().count() == 1


async def test_co_02_a_code_that_comes_back_ends_what_it_has_yielded(
    console: Application, person: Person, acme: Tenant, ledger: Ledger
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    tokens = (await console.redeem(code, asking)).json()
    assert (await bearer(console, tokens)).status_code == 200
    again = await console.redeem(code, asking)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await bearer(console, tokens)).status_code == 401
    dead = await console.refresh(tokens["refresh_token"])
    assert dead.json()["error"] == "invalid_grant"
    event = (await ledger.events(acme, Event.SUSPICIOUS_ACTIVITY))[-1]
    assert event.details["ended"] == 2


async def bearer(application: Application, tokens: dict[str, str]) -> httpx2.Response:
    """Ask who the token's person is."""
    return await application.http.get(
        f"{application.tenant.issuer}/oauth/userinfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )


@on_sqlite
async def test_co_03_who_is_not_the_client_ends_nothing(
    console: Application, native: Application, person: Person
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    tokens = (await console.redeem(code, asking)).json()
    assert (await native.redeem(code, asking)).status_code == 400
    assert (await console.redeem(code, asking, client_secret="wrong")).status_code == 401
    assert (await bearer(console, tokens)).status_code == 200


@on_sqlite
async def test_co_04_another_client_does_not_spend_a_code(
    console: Application, native: Application, person: Person, acme: Tenant, ledger: Ledger
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    stolen = await native.redeem(code, asking, redirect_uri=CALLBACK)
    assert stolen.json()["error"] == "invalid_grant"
    assert await ledger.events(acme, Event.SUSPICIOUS_ACTIVITY)
    assert (await console.redeem(code, asking)).status_code == 200


async def test_co_05_a_code_is_unknown_at_another_tenant(
    server: RunningServer, console: Application, person: Person, globex: Tenant
) -> None:
    with use_tenant(globex):
        twin = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Globex Console",
                client_id="console",
                grant_types=["authorization_code"],
                scopes=["openid"],
                redirect_uris=[CALLBACK],
            ),
        )
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    elsewhere = Application(server.http, globex, twin, CALLBACK)
    foreign = await elsewhere.redeem(code, asking)
    unknown = await elsewhere.redeem("x" * 43, asking)
    assert foreign.json() == unknown.json()
    assert (await console.redeem(code, asking)).status_code == 200


@on_sqlite
@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (61, 400)])
async def test_co_06_a_code_is_good_for_a_minute(
    server: RunningServer, console: Application, person: Person, seconds: int, status: int
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    server.clock.advance(seconds)
    assert (await console.redeem(code, asking)).status_code == status


@on_sqlite
async def test_a_code_goes_on_with_the_session_of_who_signs_in_once_more(
    console: Application, person: Person, acme: Tenant
) -> None:
    asking = console.ask(scope="openid read")
    code = (await allowed(person, asking))["code"]
    await person.visit(f"{acme.issuer}/login")
    await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    tokens = (await console.redeem(code, asking)).json()
    tokens = (await console.refresh(tokens["refresh_token"])).json()
    await person.visit(f"{acme.issuer}/account/sessions")
    await person.submit({}, to="/logout")
    assert (await console.refresh(tokens["refresh_token"])).status_code == 400


async def test_co_08_a_code_ends_with_the_session_it_came_from(
    console: Application, person: Person
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    await person.visit(f"{console.tenant.issuer}/account/sessions")
    await person.submit({}, to="/logout")
    assert (await console.redeem(code, asking)).json()["error"] == "invalid_grant"


async def test_co_08_a_code_ends_with_its_person(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    with use_tenant(acme):
        await provisioning.disable_user("alice", now=server.clock())
        await provisioning.enable_user("alice")
    assert (await console.redeem(code, asking)).json()["error"] == "invalid_grant"


@on_sqlite
async def test_co_08_a_code_ends_with_its_client(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, "console", ClientStatus.INACTIVE)
    assert (await console.redeem(code, asking)).json()["error"] == "invalid_client"


@on_sqlite
async def test_co_09_a_code_is_nothing_else(
    console: Application, person: Person, device_client: NewClient
) -> None:
    code = (await allowed(person, console.ask()))["code"]
    assert (await console.refresh(code)).json()["error"] == "invalid_grant"
    assert (await bearer(console, {"access_token": code})).status_code == 401


@on_sqlite
async def test_ru_18_the_address_at_the_token_endpoint_is_the_one_at_the_start(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    other = "https://console.example/other"
    with use_tenant(acme):
        change = ClientChange(redirect_uris=[CALLBACK, other])
        await provisioning.change_client(server.parts, "console", change)
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    assert (await console.redeem(code, asking, redirect_uri=other)).status_code == 400
    spent = await console.redeem(code, asking)
    assert spent.json()["error"] == "invalid_grant"


@on_sqlite
async def test_the_only_address_of_a_client_need_not_be_named(
    console: Application, person: Person
) -> None:
    asking = console.ask(redirect_uri="")
    code = (await allowed(person, asking))["code"]
    assert (await console.redeem(code, asking, redirect_uri="")).status_code == 200


PROOFS = {
    "pk_02_none": "",
    "pk_07_short": "x" * 42,
    "pk_07_long": "x" * 129,
    "pk_07_plus": "+" * 43,
    "pk_07_unicode": "\u00e4" * 43,
    "pk_06_another": "x" * 43,
}


@on_sqlite
@pytest.mark.parametrize("verifier", PROOFS.values(), ids=PROOFS.keys())
async def test_a_code_without_its_proof_is_spent_for_nothing(
    console: Application, person: Person, ledger: Ledger, acme: Tenant, verifier: str
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    async with ledger.nothing_granted(acme):
        wrong = await console.redeem(code, asking, code_verifier=verifier)
        assert wrong.json()["error"] == "invalid_grant"
        right = await console.redeem(code, asking)
        assert right.json()["error"] == "invalid_grant"


@on_sqlite
async def test_pk_09_the_proof_of_another_request_is_none(
    console: Application, person: Person
) -> None:
    one, other = console.ask(), console.ask()
    code = (await allowed(person, one))["code"]
    await allowed(person, other)
    assert (await console.redeem(code, other)).status_code == 400


@on_sqlite
async def test_pk_03_a_proof_where_no_challenge_was_is_refused(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    with use_tenant(acme):
        await provisioning.change_client(server.parts, "console", ClientChange(pkce_optional=True))
    asking = console.ask(code_challenge="", code_challenge_method="")
    code = (await allowed(person, asking))["code"]
    assert (await console.redeem(code, asking)).status_code == 400
    asking = console.ask(code_challenge="", code_challenge_method="")
    code = (await allowed(person, asking))["code"]
    assert (await console.redeem(code, asking, code_verifier="")).status_code == 200


@on_sqlite
async def test_a_tenant_that_demands_pkce_lets_no_client_do_without(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    with use_tenant(acme):
        await provisioning.change_client(server.parts, "console", ClientChange(pkce_optional=True))
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: settings.changed({"require_pkce": True})
    )
    asking = console.ask(code_challenge="", code_challenge_method="")
    refused = await sent_on(person, asking.url)
    assert told(refused)["error"] == "invalid_request"
    assert (await allowed(person, console.ask()))["code"]


async def test_co_12_no_code_and_no_token_is_stored(
    server: RunningServer,
    console: Application,
    person: Person,
    database_settings: DatabaseSettings,
    request: pytest.FixtureRequest,
) -> None:
    asking = console.ask(scope="openid offline_access")
    code = (await allowed(person, asking))["code"]
    tokens = (await console.redeem(code, asking)).json()
    following = (await console.refresh(tokens["refresh_token"])).json()
    postgres: PostgresServer | None = (
        None if database_settings.is_sqlite else request.getfixturevalue("postgres")
    )
    stored = await asyncio.to_thread(at_rest, database_settings, postgres)
    secrets = [code, tokens["access_token"], tokens["refresh_token"], following["refresh_token"]]
    for secret in [*secrets, urlsplit(asking.url).query]:
        assert secret not in stored
        assert secret.encode().hex() not in stored


# What was allowed, and taking it back.


async def test_a_person_takes_back_what_an_application_may_do(
    console: Application, person: Person, acme: Tenant, ledger: Ledger
) -> None:
    tokens = await console.signed_in(person, scope="openid offline_access")
    await console.refresh(tokens["refresh_token"])
    asking = console.ask(scope="openid offline_access")
    code = (await allowed(person, asking))["code"]
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.text.count("<b><bdi>Acme Console</bdi></b>") == 1
    await person.submit({}, to="/account/access/remove")
    assert "<b><bdi>Acme Console</bdi></b>" not in (person.page.text if person.page else "")
    assert (await bearer(console, tokens)).status_code == 401
    assert (await console.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await console.redeem(code, asking)).json()["error"] == "invalid_grant"
    assert is_asked(await sent_on(person, console.ask().url))
    assert await ledger.events(acme, Event.USER_AUTHORIZATION_REVOKED)


@on_sqlite
async def test_what_is_remembered_is_shown_when_no_token_is_left(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert "Acme Console" in page.text
    await person.submit({}, to="/account/access/remove")
    assert (await console.redeem(code, asking)).json()["error"] == "invalid_grant"
    assert is_asked(await sent_on(person, console.ask().url))


@on_sqlite
async def test_nobody_takes_back_what_is_not_theirs(
    console: Application, person: Person, colleague: Person, acme: Tenant
) -> None:
    tokens = await console.signed_in(person, scope="openid offline_access")
    await console.signed_in(colleague, scope="openid")
    page = await person.visit(f"{acme.issuer}/account/sessions")
    access = hidden_fields(page.text)["access"]
    await colleague.visit(f"{acme.issuer}/account/sessions")
    await colleague.submit({"access": access}, to="/account/access/remove")
    assert (await bearer(console, tokens)).status_code == 200
    assert (await console.refresh(tokens["refresh_token"])).status_code == 200


@on_sqlite
async def test_a_request_that_a_newer_version_has_kept_is_answered(
    console: Application, person: Person, acme: Tenant
) -> None:
    page = await sent_on(person, console.ask().url)
    with use_tenant(acme):
        row = await AuthorizationRequestRow.get()
        row.parameters |= {"resource": ["https://api.example"]}
        await row.save()
    assert is_asked(await person.http.get(str(page.url)))
