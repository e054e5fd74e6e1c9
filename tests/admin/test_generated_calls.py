"""Calls of the admin API that nobody would think of, made from its document: as it says they may
be, and as it says they may not.

``--rounds 10`` sends ten times as many, all different. What one of them broke is shown as a command
for curl.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings as of_hypothesis
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, CheckFunction, GenerationMode

from authgate.admin import openapi
from authgate.admin.catalogue import OPERATIONS
from authgate.settings import LimitSettings, Settings
from authgate_testing.api import ApiClient, removing_last

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


# The server beside it draws from the same source: what is generated comes from the seed alone.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_un_17_no_call_breaks_the_api_and_every_answer_is_as_its_document_says(
    seed: int, api: ApiClient, things: dict[str, str]
) -> None:
    document = openapi.document(OPERATIONS, issuer=api.tenant.issuer)
    loop, sent = asyncio.get_running_loop(), 0

    def holds(case: Case[Any]) -> None:
        nonlocal sent
        sent += 1
        if sent % 4:  # else nearly all of them would be about what does not exist
            case.path_parameters.update({name: things[name] for name in case.path_parameters})
        answer = asyncio.run_coroutine_threadsafe(_answered(api, case), loop).result(30)
        # What If-Match names is looked at before what the body says.
        names = _CHECKS[:-1] if answer.status_code == 412 else _CHECKS
        case.validate_response(answer, checks=_checks(names))

    def fire() -> None:
        schema = schemathesis.openapi.from_dict(document)
        for each in removing_last():
            for mode in GenerationMode:
                cases = schema[each.path][each.method].as_strategy(generation_mode=mode)
                # Some have nothing that could be said wrongly.
                with suppress(Unsatisfiable):
                    seeded(seed)(_WITHIN(given(case=cases)(holds)))()

    await asyncio.to_thread(fire)
    assert sent >= len(OPERATIONS) * CASES


def _checks(names: Sequence[str]) -> list[CheckFunction]:
    schemathesis.checks.load_all_checks()
    return cast("list[CheckFunction]", schemathesis.checks.CHECKS.get_by_names(names))


async def _answered(api: ApiClient, case: Case[Any]) -> httpx2.Response:
    asked = case.as_transport_kwargs(base_url=f"{api.tenant.issuer}/api/v1")
    headers = [(name, value.encode("latin-1")) for name, value in asked["headers"].items()]
    return await api.http.request(
        asked["method"],
        asked["url"],
        params=asked.get("params"),
        content=asked.get("data"),
        json=asked.get("json"),
        headers=[*headers, ("Authorization", f"Bearer {api.token}".encode())],
    )
