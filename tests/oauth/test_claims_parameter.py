"""Claims asked for one by one (OpenID Connect Core section 5.5), and ways to sign in."""

import jwt
import orjson
import pytest

from authgate.storage.people.users import User
from authgate_testing.application import Application, allowed, sent_on, told
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person

pytestmark = on_sqlite


def claims(**places: object) -> str:
    return orjson.dumps(places).decode()


async def test_a_claim_that_is_asked_for_is_told_once_people_allow_its_scope(
    console: Application, person: Person, alice: User
) -> None:
    asked = claims(userinfo={"email": {"essential": True}}, id_token={"nickname": None})
    page = await sent_on(person, console.ask(scope="openid", claims=asked).url)
    assert "Read your email address" in page.text
    assert "Read your name" not in page.text
    tokens = await console.signed_in(person, scope="openid", claims=asked)
    assert tokens["scope"].split() == ["openid", "email"]
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["email"]


async def test_a_claim_of_a_scope_that_the_client_has_not_got_is_not_told(
    native: Application, person: Person
) -> None:
    asked = claims(id_token={"phone_number": {"essential": True}, "address": None})
    tokens = await native.signed_in(person, scope="openid", claims=asked)
    assert tokens["scope"] == "openid"


async def test_nobody_is_answered_with_but_the_sub_that_is_asked_for(
    console: Application, person: Person, alice: User
) -> None:
    await allowed(person, console.ask())
    hers = claims(id_token={"sub": {"value": alice.subject}})
    assert "code" in told(await sent_on(person, console.ask(claims=hers, prompt="none").url))
    others = claims(id_token={"sub": {"value": "somebody"}})
    answer = await sent_on(person, console.ask(claims=others, prompt="none").url)
    assert told(answer)["error"] == "login_required"


@pytest.mark.parametrize(
    ("acr", "answer"),
    [
        ({"essential": True, "value": "5"}, "unmet_authentication_requirements"),
        ({"essential": True, "values": ["3", "4"]}, "unmet_authentication_requirements"),
        ({"essential": True, "values": ["2", "1"]}, ""),
        ({"essential": True}, ""),
        ({"value": "2"}, ""),
        (None, ""),
    ],
)
async def test_a_way_to_sign_in_that_is_essential_is_met_or_refused(
    console: Application, person: Person, acr: object, answer: str
) -> None:
    await allowed(person, console.ask())
    asked = claims(id_token={"acr": acr})
    found = told(await sent_on(person, console.ask(claims=asked).url))
    assert found.get("error", "") == answer


async def test_a_way_to_sign_in_that_is_wished_for_is_no_condition(
    console: Application, person: Person
) -> None:
    tokens = await console.signed_in(person, acr_values="3 2")
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["acr"] == "1"


@pytest.mark.parametrize(
    "parameters",
    [
        {"claims": "{"},
        {"claims": "[]"},
        {"claims": '"x"'},
        {"claims": '{"id_token": []}'},
        {"claims": '{"id_token": {"email": 1}}'},
        {"claims": '{"id_token": {"sub": {"values": ["a", "b"]}}}'},
        {"claims": '{"id_token": {"sub": {"value": "a\\u0000"}}}'},
        {"claims": '{"id_token": ' + "[" * 3000},
        {"claims": " " * 5000},
        {"claims": claims(id_token={f"c{number}": None for number in range(65)})},
        {"acr_values": "x" * 5000},
        {"ui_locales": "x" * 5000},
        {"max_age": "-1"},
        {"max_age": "1e9999"},
    ],
)
async def test_mx_14_what_is_overlong_or_no_json_is_refused(
    console: Application, person: Person, parameters: dict[str, str]
) -> None:
    await allowed(person, console.ask())
    answer = told(await sent_on(person, console.ask(**parameters).url))
    assert answer["error"] == "invalid_request"
