"""What operators type of a plan, and the plan that it makes."""

from collections.abc import Mapping
from dataclasses import fields

from pydantic import ValidationError

from authgate import languages
from authgate.operator.plans import PlanChoices
from authgate.web.plan_view_models import PlanFields
from authgate_tenants import Plan

_LONGEST = 4_000
_NUMBERS = tuple(
    each.name for each in fields(PlanFields) if each.name not in ("name", "refused", "limits")
)


class Mistyped(ValueError):
    """Fields that say nothing that a plan could have."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("\n".join(faults.values()))
        self.faults = faults


def typed(form: Mapping[str, str], *, name: str = "") -> PlanFields:
    """The fields as they came; a plan that is there keeps its ``name``."""

    def said(field: str, longest: int = 20) -> str:
        return form.get(field, "").replace("\0", "").strip()[:longest]

    return PlanFields(
        name=name or said("name", 63),
        refused=form.get("refused") == "1",
        limits=said("limits", _LONGEST),
        **{each: said(each) for each in _NUMBERS},
    )


def filled(plan: Plan) -> PlanFields:
    """The fields for a plan as it is."""
    numbers = {each: getattr(plan, each) for each in _NUMBERS}
    return PlanFields(
        name=plan.name,
        refused=plan.monthly_active_users_are_refused,
        limits="\n".join(f"{name} = {said}" for name, said in sorted(plan.limits.items())),
        **{each: "" if number is None else str(number) for each, number in numbers.items()},
    )


def plan(said: PlanFields) -> Plan:
    """What was typed. Raises ``Mistyped``."""
    faults: dict[str, str] = {}
    if not said.name:
        faults["name"] = languages.text("It has to be there.")
    choices = _choices(said, _limits(said.limits, faults), faults)
    if choices is None or faults:
        raise Mistyped(faults)
    return Plan(**{**choices.model_dump(), "name": said.name})


def _choices(
    said: PlanFields, limits: Mapping[str, str], faults: dict[str, str]
) -> PlanChoices | None:
    try:
        return PlanChoices(
            monthly_active_users_are_refused=said.refused,
            limits=limits,
            **{each: getattr(said, each) or None for each in _NUMBERS},
        )
    except ValidationError as error:
        for each in error.errors():
            faults[str(each["loc"][0])] = languages.text(
                "A whole number that is not too large, or nothing."
            )
        return None


def _limits(text: str, faults: dict[str, str]) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, limit = map(str.strip, line.partition("="))
        if not (name and equals and limit):
            faults["limits"] = languages.text(
                "%(line)r is no line such as token_per_client = 5/s burst 20.", line=line[:60]
            )
        found[name] = limit
    return found
