"""Filters of lists (RFC 7644 section 3.4.2.2): what they find, and what is not looked for."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authgate.scim.errors import ScimError
from authgate.scim.filters import LONGEST, MOST_TERMS, selection
from authgate.storage.people.directory import ATTRIBUTES
from authgate.storage.selections import Reach
from authgate_testing.scim import USER, Directory, is_refused

BY_USERNAME = 'userName eq "x"'


async def test_people_are_found_by_what_is_unique_of_them(contoso: Directory) -> None:
    mira = await contoso.user(
        "mira",
        externalId="00U1",
        name={"givenName": "Mira", "familyName": "O'Hal%vorsen"},
        emails=[{"value": "mira@contoso.example"}],
    )
    await contoso.user("ada", externalId="00u1", active=False)
    user_id = mira["id"]
    for text, found in (
        ('userName eq "MIRA"', ["mira"]),
        ('USERNAME EQ "mira"', ["mira"]),
        (f'{USER}:userName eq "mira"', ["mira"]),
        (f'id eq "{user_id}"', ["mira"]),
        (f'id eq "{user_id.upper()}"', []),
        ('id eq "7"', []),
        ('externalId eq "00U1"', ["mira"]),
        ('externalId eq "00u1"', ["ada"]),
        ('emails eq "Mira@Contoso.example"', ["mira"]),
        ('emails.value eq "mira@contoso.example"', ["mira"]),
        ('emails[type eq "work" and value eq "mira@contoso.example"]', ["mira"]),
        ('emails[type eq "home" and value eq "mira@contoso.example"]', []),
        ('emails[type eq "work"].value eq "mira@contoso.example"', ["mira"]),
        ('userName eq "mira" or externalId eq "00u1"', ["mira", "ada"]),
        ('userName eq "mira" and active eq true', ["mira"]),
        ('userName eq "mira" and active eq false', []),
        ('userName eq "mira" and name.familyName sw "o\'hal%"', ["mira"]),
        ('userName eq "mira" and name.familyName co "%x"', []),
        ('userName eq "mira" and not (displayName co "ada")', ["mira"]),
        ('userName eq "mira" and meta.created gt "2020-01-01T00:00:00Z"', ["mira"]),
        ('userName eq "mira" and meta.created lt "2020-01-01T00:00:00Z"', []),
        ('userName eq "ada" and emails pr', []),
        ("active eq false", ["ada"]),
        ("active ne false", ["mira"]),
        ("userName pr", ["mira", "ada"]),
        ('userName pr and externalId eq "00u1"', ["ada"]),
        (f'userName eq "{"x" * 101}" or externalId eq "{"x" * 256}"', []),
        (f'userName eq "{"ﬃ" * 100}" or emails eq "{"x" * 255}"', []),
        (f'userName eq "mira" and displayName eq "{"x" * 101}"', []),
        ('userName eq "mira" and not (userName pr)', []),
        ('userName eq "mira" and (userName pr or externalId eq "x")', ["mira"]),
        (r'userName eq "\u0000" or externalId eq "\u0000"', []),
        (r'userName eq "\ud800" or externalId eq "\ud800"', []),
    ):
        answer = await contoso.get("/Users", filter=text)
        assert answer.status_code == 200, (text, answer.text)
        told = answer.json()
        assert [each["userName"] for each in told["Resources"]] == found, text
        assert told["totalResults"] == len(found), text


WIDE = [
    'userName co "a"',
    'userName ne "a"',
    'displayName eq "Mira"',
    'not (userName eq "a")',
    'userName eq "a" or displayName eq "b"',
    'active eq true and displayName eq "b"',
    'emails.type eq "work"',
    'meta.lastModified gt "2026-01-01T00:00:00Z"',
    "emails pr",
]
BAD = [
    "userName",
    'userName eq "a',
    'userName is "a"',
    "userName eq a",
    'userName gt "a"',
    "userName eq 7",
    "userName eq null",
    'active eq "perhaps"',
    "active co true",
    'id sw "0"',
    'nickName eq "a"',
    "groups pr",
    'userName eq "a" and groups.value pr',
    'password eq "a"',
    'urn:other:userName eq "a"',
    'userName eq "a" and meta.created gt "yesterday"',
    'userName eq "a" and meta.created ne "2026-01-01T00:00:00Z"',
    " or ".join([BY_USERNAME] * (MOST_TERMS + 1)),
    f'userName eq "{"x" * LONGEST}"',
    "not (" * 60 + BY_USERNAME + ")" * 60,
]


@pytest.mark.parametrize("texts", [WIDE, BAD], ids=["wide", "bad"])
def test_what_would_look_through_everybody_is_refused(texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ScimError) as refused:
            selection(text, ATTRIBUTES, USER)
        assert (refused.value.status, refused.value.scim_type) == (400, "invalidFilter"), text


TERMS = st.sampled_from(
    [
        BY_USERNAME, 'displayName co "a"', "active eq true", 'emails[type eq "work"]', "title pr",
        'externalId ne "x"', "and", "or", "not", "(", ")", "[", "]", '"', "\\", ".", "eq", "\0",
        "userName", "urn:a:b:c", "1e999", "\ud800",
    ]
)  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(st.lists(TERMS, max_size=30).map(" ".join))
def test_whatever_a_filter_is_it_is_narrow_or_refused(text: str) -> None:
    found, refused = None, None
    try:
        found = selection(text, ATTRIBUTES, USER)
    except ScimError as error:
        refused = error.scim_type
    assert refused == "invalidFilter" or (found is not None and found.reach is not Reach.WIDE)


async def test_more_people_than_are_counted_are_reached_by_a_cursor_alone(
    contoso: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authgate.storage.people.listings.MOST_COUNTED", 2)
    for number in range(3):
        await contoso.user(f"p{number}")
    assert is_refused(await contoso.get("/Users"), 400, "tooMany")
    assert is_refused(await contoso.get("/Users", startIndex="9"), 400, "tooMany")
    assert (await contoso.get("/Users", filter='userName eq "p1"')).json()["totalResults"] == 1
    page = (await contoso.get("/Users", cursor="")).json()
    assert len(page["Resources"]) == 3
    assert "totalResults" not in page
