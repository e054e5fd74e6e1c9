"""``/overview``: what the tenant comes to lately, and what somebody should look at."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod

from authgate.api.access import Caller
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.permissions import Area, permits, reads
from authgate.provisioning import overviews
from authgate.provisioning.overviews import AREAS, Overview, Span
from authgate.storage.metering.usage_days import Measure
from authgate.storage.tenants import attention
from authgate.storage.tenants.attention import Matter
from authgate.tokens.admin_scopes import Scope
from authgate.tokens.api_scopes import ADMIN_PREFIX


class OverviewQuery(Document):
    """How much of the past is asked for."""

    span: Span = Span.WEEK
    """Up to now, by UTC: `24h` by the hour, the others by the day."""


class FigureDocument(Document):
    """What one kind comes to."""

    model_config = exemplified(measure="sign_ins", total=2710, before=2456)

    measure: Measure
    """Of `active_users` how many there are a day; of what else there was, all of it."""

    total: int
    before: int
    """Within as long before."""


class CountDocument(Document):
    """How much there was of one kind within an hour or on a day; what there was none of is left
    out."""

    model_config = exemplified(begins="2026-03-02T00:00:00Z", measure="sign_ins", total=97)

    begins: datetime
    measure: Measure
    total: int


class MatterDocument(Document):
    """Something that somebody should look at."""

    model_config = exemplified(matter="mails_failed", total=3)

    matter: Matter
    total: int
    """A hundred at the most."""


class OverviewDocument(Document):
    """What the tenant comes to, by what is added up."""

    model_config = exemplified(
        span="7d",
        counted_until="2026-03-08T14:00:00Z",
        figures=[{"measure": "sign_ins", "total": 2710, "before": 2456}],
        steps=[{"begins": "2026-03-02T00:00:00Z", "measure": "sign_ins", "total": 97}],
        attention=[{"matter": "mails_failed", "total": 3}],
    )

    span: Span
    counted_until: datetime
    """Whatever was before this is counted, each once."""

    figures: Sequence[FigureDocument]
    steps: Sequence[CountDocument]
    attention: Sequence[MatterDocument]
    """Of what the caller's scopes let them see."""


async def read_overview(call: Call[OverviewQuery, Nothing]) -> Answer[OverviewDocument]:
    """Read what the tenant comes to lately.

    Active people, sign-ins, failures, tokens, new people and new clients, beside the time before;
    and what needs attention.
    """
    now = call.parts.clock()
    found = await overviews.read(call.query.span, now=now)
    standing = await attention.standing(now)
    return Answer(
        OverviewDocument(
            span=found.span,
            counted_until=found.counted_until,
            figures=[FigureDocument(**each._asdict()) for each in found.changes],
            steps=_steps(found),
            attention=[
                MatterDocument(matter=matter, total=total)
                for matter, total in standing.matters.items()
                if _may_see(call.caller, AREAS[matter])
            ],
        )
    )


def _steps(found: Overview) -> list[CountDocument]:
    return [
        CountDocument(begins=overviews.beginning(step), measure=measure, total=total)
        for step in found.steps
        for measure in overviews.TOLD
        if (total := found.sums.get(measure, {}).get(step, 0))
    ]


def _may_see(caller: Caller, area: Area) -> bool:
    asked = f"{ADMIN_PREFIX}{reads(area)}"
    return asked in caller.scopes and permits(caller.role, reads(area))


OPERATIONS = [operation(HTTPMethod.GET, "/overview", read_overview, scope=Scope.USAGE_READ)]
