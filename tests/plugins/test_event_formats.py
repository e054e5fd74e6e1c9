"""Events in the words of others: each type has its place in the Elastic Common Schema and in OCSF.

What is allowed is as the schemas publish it: https://www.elastic.co/docs/reference/ecs and
https://schema.ocsf.io/1.2.0.
"""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from authgate.audit import Event
from authgate.plugin_api import (
    AuditEvent,
    ConnectorConfigError,
    EventFormat,
    as_json,
    check_format,
    formatted,
)
from authgate.plugin_api.formats import kinds
from authgate.testing.sink_contract import EVENTS

FIRST = EVENTS[0]
ODD = (
    replace(FIRST, actor_type="anonymous", actor_id="", actor_name="", address="", request_id=""),
    replace(FIRST, resource_type="", resource_id="", details={}, success=False),
    replace(FIRST, resource_type="group", details={"scope": "openid read"}, severity="CRITICAL"),
)
ECS_TYPES = {
    "api": "access admin allowed change creation deletion denied end info start user",
    "authentication": "start end info",
    "configuration": "access change creation deletion info",
    "iam": "admin change creation deletion group info user",
    "intrusion_detection": "allowed denied info",
    "session": "start end info",
}
OCSF_ACTIVITIES = {
    2004: range(1, 4),
    3001: range(1, 12),
    3002: range(1, 7),
    3003: range(1, 3),
    3004: range(1, 5),
    3005: range(1, 3),
    3006: range(1, 7),
    6003: range(1, 5),
}
OCSF_NEEDS = {
    2004: {"finding_info"},
    3001: {"user"},
    3002: {"user", "service"},
    3003: {"user", "privileges"},
    3004: {"entity"},
    3005: {"user", "privileges"},
    3006: {"group", "user"},
    6003: {"api", "actor", "src_endpoint"},
}
OF_ALL = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}


def of_type(event: Event) -> list[AuditEvent]:
    return [replace(each, type=str(event)) for each in (*EVENTS, *ODD)]


def test_every_type_of_event_is_known_as_what_it_is() -> None:
    """By the table in ``kinds`` or by how its name ends."""
    assert not [event for event in Event if kinds.named(str(event)) is None]
    assert kinds.named("A_TYPE_THAT_IS_NEW") is None


def test_ecs_has_a_category_for_every_type_of_event() -> None:
    for event in Event:
        for each in of_type(event):
            said: Any = formatted(each, EventFormat.ECS)
            category, types = said["event"]["category"], set(said["event"]["type"])
            assert all(types & set(ECS_TYPES[one].split()) for one in category), event
            assert types <= {known for one in category for known in ECS_TYPES[one].split()}, event


def test_ocsf_has_a_class_for_every_type_of_event_and_all_that_the_class_requires() -> None:
    for event in Event:
        for each in of_type(event):
            said: Any = formatted(each, EventFormat.OCSF)
            of_class, activity = said["class_uid"], said["activity_id"]
            assert activity == 99 or activity in OCSF_ACTIVITIES[of_class], event
            assert said["type_uid"] == of_class * 100 + activity
            assert said["category_uid"] == of_class // 1000
            assert OF_ALL | OCSF_NEEDS[of_class] <= set(said), event
            for named in (said.get("user"), said.get("actor", {}).get("user")):
                assert named is None or named.get("uid") or named.get("name"), event


def test_a_failed_sign_in_is_one_in_each_schema() -> None:
    failed = replace(
        FIRST,
        type="AUTHENTICATION_FAILURE",
        lifecycle=None,
        severity="WARNING",
        success=False,
        client_id="web",
        resource_type="",
        resource_id="",
        session_id="a-session",
        details={"reason": "wrong password"},
    )
    ecs: Any = formatted(failed, "ecs")
    assert ecs["@timestamp"] == "2026-03-02T23:59:59.250000+00:00"
    assert ecs["event"] == {
        "id": failed.id,
        "kind": "event",
        "module": "authgate",
        "dataset": "authgate.audit",
        "action": "authentication-failure",
        "code": "AUTHENTICATION_FAILURE",
        "category": ["authentication"],
        "type": ["start"],
        "outcome": "failure",
        "severity": 47,
    }
    assert ecs["user"] == {"id": failed.actor_id, "name": "ada"}
    assert ecs["source"] == {"ip": "192.0.2.7"}
    assert ecs["user_agent"] == {"original": "Mozilla/5.0"}
    assert ecs["organization"] == {"id": "acme"}
    assert ecs["authgate"]["client"] == {"id": "web"}
    assert ecs["authgate"]["session"] == {"id": "a-session"}
    ocsf: Any = formatted(failed, "ocsf")
    assert (ocsf["class_uid"], ocsf["activity_id"], ocsf["type_uid"]) == (3002, 1, 300201)
    assert (ocsf["severity_id"], ocsf["status_id"], ocsf["time"]) == (3, 2, 1772495999250)
    assert ocsf["user"] == {"uid": failed.actor_id, "name": "ada", "type_id": 1, "type": "user"}
    assert ocsf["src_endpoint"] == {"ip": "192.0.2.7"}
    assert ocsf["service"] == {"name": "AuthGate", "uid": "web"}
    assert ocsf["actor"]["session"] == {"uid": "a-session"}
    assert ocsf["metadata"]["uid"] == failed.id
    assert ocsf["metadata"]["tenant_uid"] == "acme"
    assert ocsf["unmapped"]["details"] == {"reason": "wrong password"}


def test_what_was_done_to_a_person_names_them_apart_from_who_did_it() -> None:
    ecs: Any = formatted(FIRST, "ecs")
    ocsf: Any = formatted(FIRST, "ocsf")
    assert ecs["user"] == {
        "id": FIRST.actor_id, "name": "ada", "target": {"id": FIRST.resource_id},
    }  # fmt: skip
    assert (ocsf["class_uid"], ocsf["activity_id"]) == (3001, 1)
    assert ocsf["user"]["uid"] == FIRST.resource_id
    assert ocsf["actor"]["user"]["uid"] == FIRST.actor_id


@pytest.mark.parametrize("form", EventFormat)
def test_a_line_of_json_has_all_of_an_event_in_plain_characters(form: EventFormat) -> None:
    for each in EVENTS:
        line = as_json(each, form)
        assert line.isascii()
        assert b"\n" not in line
        assert json.loads(line) == json.loads(json.dumps(formatted(each, form)))
        assert each.id in line.decode()


def test_plain_has_the_names_of_an_event() -> None:
    assert list(formatted(FIRST)) == list(asdict(FIRST))


def test_there_is_no_other_format() -> None:
    for known in EventFormat:
        check_format("format", known)
    with pytest.raises(ConnectorConfigError, match="plain, ecs or ocsf"):
        check_format("format", "cef")
