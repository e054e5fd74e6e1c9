"""The rules of what follows, each held against a run that breaks it and nothing else."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from authgate_testing.faults.aftermath import Aftermath, Logged, Usage
from authgate_testing.faults.checker import Rule
from authgate_testing.faults.following import Following
from authgate_testing.faults.history import Call, History, Kind, LogFile
from authgate_testing.faults.household import Household
from authgate_testing.faults.stored import StoredToken, hashed

ACME = Household(
    slug="acme",
    tenant_id="id of acme",
    issuer="http://localhost:8080/t/acme",
    machine=("machine", "secret"),
    device="cli",
    subject="mira",
    clerk=("clerk", "secret"),
    leavers=("leaver",),
)
GUEST = "guest@acme.example"
THEN = datetime(2026, 12, 1, tzinfo=UTC)


class Scene:
    """A token, a file that tells of it, an invitation, a sign-out and somebody who has left: all as
    it should be."""

    def __init__(self) -> None:
        self.token = self.call(Kind.MACHINE, 1, gave="M")
        self.asked = self.call(Kind.EXPORT, 2, status=201, gave="export")
        self.invited = self.call(Kind.INVITATION, 3, status=201, gave="invitation", about=GUEST)
        self.signed_out = self.call(Kind.SIGN_OUT, 4, status=303, about="sid")
        self.calls = [*vars(self).values()]
        events = {
            "CLIENT_CREDENTIALS_TOKEN_ISSUED": "jti M",
            "LOGOUT": "sid",
            "AUDIT_EXPORT_REQUESTED": "export",
            "USER_INVITED": "invitation",
            "USER_DELETED": "leaver",
        }
        self.log = [
            Logged(f"event {n}", kind, resource_id, THEN + timedelta(seconds=n), n)
            for n, (kind, resource_id) in enumerate(events.items())
        ]
        self.told_of = self.log[:2]
        self.rows = 2
        self.after = Aftermath(
            mails=[(GUEST, "invitation")],
            arrived=[(GUEST, "<1@acme.example>")] * 2,
            told=frozenset({"sid"}),
            tokens={"id of acme": 1},
            used=Usage({"acme": 1}, {"acme": 12}),
            used_before=Usage({"acme": 0}, {"acme": 10}),
        )

    @staticmethod
    def call(kind: Kind, at: float, *, status: int = 200, gave: str = "", about: str = "") -> Call:
        return Call(
            kind=kind,
            tenant="acme",
            host="one",
            about=about,
            began=at,
            ended=at + 0.5,
            status=status,
            gave=gave,
        )

    def broken(self) -> set[Rule]:
        history = History()
        for call in self.calls:
            history.begin(call)
        history.files.append(self._file())
        self.after.logs = {"id of acme": self.log}
        tokens = [
            StoredToken("jti M", "id of acme", hashed("M"), "machine", "client_credentials"),
        ]
        following = Following(history, self.after, [ACME], tokens)
        return {each.rule for each in following.violations()}

    def _file(self) -> LogFile:
        lines = [{"id": each.id, "resource": {"id": each.resource_id}} for each in self.told_of]
        content = "".join(f"{json.dumps(line)}\n" for line in lines)
        digest = hashlib.sha256(content.encode()).hexdigest()
        created_at = self.log[2].occurred_at.isoformat()
        said = {"rows": self.rows, "size": len(content), "sha256": digest}
        return LogFile("acme", "export", self.asked, self.asked.began, created_at, said, [content])


def test_what_is_as_it_should_be_breaks_no_rule() -> None:
    assert Scene().broken() == set()


def leaves_an_event_without_a_seal(scene: Scene) -> None:
    scene.after.left = {"events without a seal": "1"}


def seals_what_is_not_there(scene: Scene) -> None:
    scene.after.unsound = "deleted"


def gives_a_place_twice(scene: Scene) -> None:
    scene.log[1] = replace(scene.log[1], seq=0)


def never_ends_a_job(scene: Scene) -> None:
    scene.after.left = {"jobs that are kept": "1"}


def gives_a_mail_up(scene: Scene) -> None:
    scene.after.given_up = {"mails": "1"}


def invites_without_account(scene: Scene) -> None:
    del scene.log[3]


def appends_twice(scene: Scene) -> None:
    scene.told_of = scene.log[:2] * 2
    scene.rows = 4


def cuts_a_file_off(scene: Scene) -> None:
    scene.told_of = scene.log[:1]


def leaves_out_what_was_acknowledged(scene: Scene) -> None:
    scene.told_of, scene.rows = scene.log[1:2], 1


def mixes_a_file_up(scene: Scene) -> None:
    scene.told_of = scene.log[1::-1]


def tells_of_what_came_later(scene: Scene) -> None:
    scene.told_of, scene.rows = scene.log[:3], 3


def sends_no_mail(scene: Scene) -> None:
    scene.after.arrived = []


def writes_two_mails(scene: Scene) -> None:
    scene.after.mails = [(GUEST, "invitation")] * 2


def makes_up_another_delivery_id(scene: Scene) -> None:
    scene.after.arrived = [(GUEST, "<1@acme.example>"), (GUEST, "<2@acme.example>")]


def tells_no_client(scene: Scene) -> None:
    scene.after.told = frozenset()


def keeps_who_has_left(scene: Scene) -> None:
    scene.after.remaining = frozenset({"leaver"})


def erases_twice(scene: Scene) -> None:
    scene.log.append(replace(scene.log[4], id="another", seq=9))


def forgets_to_count_a_token(scene: Scene) -> None:
    scene.after.used = Usage({"acme": 0}, {"acme": 12})


def forgets_to_count_a_call(scene: Scene) -> None:
    scene.after.used = Usage({"acme": 1}, {"acme": 11})


@pytest.mark.parametrize(
    ("misdeed", "rule"),
    [
        (leaves_an_event_without_a_seal, Rule.SEALED),
        (seals_what_is_not_there, Rule.SEALED),
        (gives_a_place_twice, Rule.SEALED),
        (never_ends_a_job, Rule.FOLLOWED),
        (gives_a_mail_up, Rule.FOLLOWED),
        (invites_without_account, Rule.WHOLE),
        (appends_twice, Rule.ONCE),
        (cuts_a_file_off, Rule.FOLLOWED),
        (leaves_out_what_was_acknowledged, Rule.KEPT),
        (mixes_a_file_up, Rule.FOLLOWED),
        (tells_of_what_came_later, Rule.FOLLOWED),
        (sends_no_mail, Rule.FOLLOWED),
        (writes_two_mails, Rule.ONCE),
        (makes_up_another_delivery_id, Rule.ONCE),
        (tells_no_client, Rule.FOLLOWED),
        (keeps_who_has_left, Rule.FOLLOWED),
        (erases_twice, Rule.FOLLOWED),
        (forgets_to_count_a_token, Rule.FOLLOWED),
        (forgets_to_count_a_call, Rule.FOLLOWED),
    ],
)
def test_a_run_is_caught_that(misdeed: Callable[[Scene], None], rule: Rule) -> None:
    scene = Scene()
    misdeed(scene)
    assert scene.broken() == {rule}
