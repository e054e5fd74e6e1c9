"""The rules, each held against a history that breaks it and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from authgate_testing.faults.checker import Checker, Rule
from authgate_testing.faults.history import Call, History, Kind
from authgate_testing.faults.household import Household
from authgate_testing.faults.stored import Stored, StoredCode, StoredEvent, StoredToken, hashed

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def household(slug: str) -> Household:
    return Household(
        slug=slug,
        tenant_id=f"id of {slug}",
        issuer=f"http://localhost:8080/t/{slug}",
        machine=("machine", "secret"),
        device="cli",
        subject="mira",
    )


HOUSEHOLDS = [household("acme"), household("globex")]


class Scene:
    """A machine's token, and a device's from its code to its redemption: all as it should be."""

    def __init__(self) -> None:
        self.machine = self.call(Kind.MACHINE, 1, gave="M")
        self.shown = self.call(Kind.TOKENINFO, 2, about="M")
        self.begun = self.call(Kind.DEVICE, 3, gave="D")
        self.approved = self.call(Kind.APPROVAL, 4, about="D")
        self.redeemed = self.call(Kind.REDEMPTION, 5, about="D", gave="T")
        self.rival = self.call(Kind.REDEMPTION, 5, about="D", status=400, error="invalid_grant")
        self.abroad = self.call(Kind.ABROAD, 6, status=401, about="M")
        self.calls = [*vars(self).values()]
        self.tokens = [
            StoredToken("jti M", "id of acme", hashed("M"), "machine", "client_credentials"),
            StoredToken("jti T", "id of acme", hashed("T"), "cli", DEVICE_GRANT),
        ]
        self.codes = [StoredCode("code D", "id of acme", hashed("D"), "cli", "redeemed")]
        self.events = [
            StoredEvent("id of acme", "CLIENT_CREDENTIALS_TOKEN_ISSUED", "jti M"),
            StoredEvent("id of acme", "DEVICE_CODE_GENERATED", "code D"),
            StoredEvent("id of acme", "DEVICE_CODE_AUTHORIZED", "code D"),
            StoredEvent("id of acme", "ACCESS_TOKEN_ISSUED", "jti T"),
        ]

    @staticmethod
    def call(
        kind: Kind,
        at: float,
        *,
        status: int = 200,
        about: str = "",
        gave: str = "",
        error: str = "",
    ) -> Call:
        return Call(
            kind=kind,
            tenant="acme",
            host="one",
            about=about,
            began=at,
            ended=at + 0.5,
            status=status,
            error=error,
            gave=gave,
        )

    @staticmethod
    def cut_off(call: Call) -> None:
        call.status, call.broke, call.gave = 0, "ReadError", ""

    def broken(self) -> set[Rule]:
        history = History()
        for call in self.calls:
            history.begin(call)
        stored = Stored(self.tokens, self.codes, self.events)
        return {each.rule for each in Checker(history, stored, HOUSEHOLDS).violations()}


def test_what_is_as_it_should_be_breaks_no_rule() -> None:
    assert Scene().broken() == set()


def nobody_answers(scene: Scene) -> None:
    scene.shown.status, scene.shown.broke = 0, "ReadTimeout"


def fails(scene: Scene) -> None:
    scene.shown.status = 500


def keeps_the_time_to_itself(scene: Scene) -> None:
    scene.shown.status = 503


def does_not_know_its_own_token(scene: Scene) -> None:
    scene.shown.status = 401


def refuses_a_code_that_nobody_spent(scene: Scene) -> None:
    scene.calls.remove(scene.redeemed)
    scene.tokens.pop()
    scene.events.pop()
    scene.codes = [replace(scene.codes[0], status="approved")]


def forgets_an_approval(scene: Scene) -> None:
    scene.rival.error = "authorization_pending"


def loses_a_token(scene: Scene) -> None:
    scene.tokens.pop(0)
    scene.events.pop(0)


def loses_a_code(scene: Scene) -> None:
    scene.calls = [scene.machine, scene.begun]
    scene.tokens.pop()
    scene.codes.pop()
    scene.events = scene.events[:1]


def spends_a_code_twice(scene: Scene) -> None:
    scene.tokens.append(replace(scene.tokens[1], jti="jti U", token_hash=hashed("U")))
    scene.events.append(replace(scene.events[3], resource_id="jti U"))


def gives_two_tokens_for_a_code(scene: Scene) -> None:
    scene.rival.status, scene.rival.gave = 200, "T"


def spends_a_code_for_nothing(scene: Scene) -> None:
    scene.cut_off(scene.redeemed)
    scene.tokens.pop()
    scene.events.pop()


def keeps_no_account(scene: Scene) -> None:
    scene.events.pop(0)


def tells_of_what_never_was(scene: Scene) -> None:
    scene.events.append(replace(scene.events[0], resource_id="jti X"))


def approves_without_account(scene: Scene) -> None:
    scene.events.pop(2)


def lets_a_stranger_in(scene: Scene) -> None:
    scene.abroad.status = 200


def speaks_for_another(scene: Scene) -> None:
    scene.machine.wrong = "a token of http://localhost:8080/t/globex for mira"


def stores_with_another_tenant(scene: Scene) -> None:
    scene.tokens[0] = replace(scene.tokens[0], tenant_id="id of globex")
    scene.events[0] = replace(scene.events[0], tenant_id="id of globex")


@pytest.mark.parametrize(
    ("misdeed", "rule"),
    [
        (nobody_answers, Rule.ANSWERED),
        (fails, Rule.ANSWERED),
        (keeps_the_time_to_itself, Rule.ANSWERED),
        (does_not_know_its_own_token, Rule.ANSWERED),
        (refuses_a_code_that_nobody_spent, Rule.ANSWERED),
        (forgets_an_approval, Rule.ANSWERED),
        (loses_a_token, Rule.KEPT),
        (loses_a_code, Rule.KEPT),
        (spends_a_code_twice, Rule.ONCE),
        (gives_two_tokens_for_a_code, Rule.ONCE),
        (spends_a_code_for_nothing, Rule.WHOLE),
        (keeps_no_account, Rule.WHOLE),
        (tells_of_what_never_was, Rule.WHOLE),
        (approves_without_account, Rule.WHOLE),
        (lets_a_stranger_in, Rule.APART),
        (speaks_for_another, Rule.APART),
        (stores_with_another_tenant, Rule.APART),
    ],
)
def test_a_server_is_caught_that(misdeed: Callable[[Scene], None], rule: Rule) -> None:
    scene = Scene()
    misdeed(scene)
    assert scene.broken() == {rule}


def test_a_refusal_is_no_fault_where_an_answer_was_lost() -> None:
    scene = Scene()
    scene.cut_off(scene.redeemed)
    assert scene.broken() == set()
