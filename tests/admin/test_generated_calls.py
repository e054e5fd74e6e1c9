"""Calls of the admin API that nobody would think of, made from its document: as it says they may
be, and as it says they may not. Each is sent by a program that may do everything, and one of each
operation by nobody.

``--rounds 10`` sends ten times as many, all different. What one of them broke is shown as a command
for curl.
"""

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings as of_hypothesis
from schemathesis import Case, CheckFunction, GenerationMode

from authgate.admin.api import API
from authgate.admin.catalogue import OPERATIONS
from authgate.api import openapi
from authgate.settings import LimitSettings, Settings
from authgate_testing.api import ApiClient, is_problem, removing_last

CASES = 3
"""Of each operation and kind, in one round."""

_WITHIN = of_hypothesis(
    max_examples=CASES,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As many calls as there are, one after the other."""
    return settings.model_copy(update={"limits": LimitSettings(enabled=False)})


@cache  # to think them up takes longer than to send them, and each database is sent the same
def generated(seed: int, issuer: str) -> list[Case[Any]]:
    """The calls of a round: what removes things at the end."""
    document = openapi.document(API, issuer=issuer)
    schema = schemathesis.openapi.from_dict(document)
    cases: list[Case[Any]] = []

    def keep(case: Case[Any]) -> None:
        cases.append(case)

    for each in removing_last():
        can_be_wrong = _can_be_wrong(document["paths"][each.path][each.method.lower()])
        for mode in GenerationMode if can_be_wrong else [GenerationMode.POSITIVE]:
            strategy = schema[each.path][each.method].as_strategy(generation_mode=mode)
            seeded(seed)(_WITHIN(given(case=strategy)(keep)))()
    return cases


def _can_be_wrong(operation: dict[str, Any]) -> bool:
    """Whether anything can be said that its document forbids: where there is but a name of any
    length, each text is right, and hundreds would be tried in vain."""
    said = [each["schema"] for each in operation.get("parameters", [])]
    anything: list[dict[str, Any]] = [{"type": "string"}, {"type": "string", "minLength": 1}]
    return "requestBody" in operation or any(each not in anything for each in said)


# The server beside it draws from the same source: what is generated comes from the seed alone.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_un_17_no_call_breaks_the_api_and_every_answer_is_as_its_document_says(
    seed: int, api: ApiClient, things: dict[str, str]
) -> None:
    cases = await asyncio.to_thread(generated, seed, api.tenant.issuer)
    assert len(cases) > len(OPERATIONS) * CASES
    schemathesis.checks.load_all_checks()
    nobody, turned_away = ApiClient(api.http, api.tenant, ""), set[str]()
    for number, case in enumerate(cases):
        if number % 4:  # else nearly all of them would be about what does not exist
            case.path_parameters.update({name: things[name] for name in case.path_parameters})
        answer = await _answered(api, case)
        # What If-Match names is looked at before what the body says.
        names = _CHECKS[:-1] if answer.status_code == 412 else _CHECKS
        case.validate_response(answer, checks=_checks(names))
        if answer.status_code not in (404, 405) and case.operation.label not in turned_away:
            assert is_problem(await _answered(nobody, case), 401, "token-required")
            turned_away.add(case.operation.label)
    # A few are asked for nothing but what does not exist.
    assert len(turned_away) > 0.9 * len(OPERATIONS)


def _checks(names: Sequence[str]) -> list[CheckFunction]:
    return cast("list[CheckFunction]", schemathesis.checks.CHECKS.get_by_names(names))


async def _answered(api: ApiClient, case: Case[Any]) -> httpx2.Response:
    asked = case.as_transport_kwargs(base_url=f"{api.tenant.issuer}/api/v1")
    headers = [(name, value.encode("latin-1")) for name, value in asked["headers"].items()]
    own = [("Authorization", f"Bearer {api.token}".encode())] if api.token else []
    return await api.http.request(
        asked["method"],
        asked["url"],
        params=asked.get("params"),
        content=asked.get("data"),
        json=asked.get("json"),
        headers=[*headers, *own],
    )
