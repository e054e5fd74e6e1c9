"""What the operators of an installation do, and how they come into a tenant."""

from authgate.audit.events import Event

OPERATORS = {
    Event.PLAN_CHANGED: "A plan was made or changed; `details` say what it was and what it is.",
    Event.PLAN_REMOVED: "A plan was removed; `details` say what it was.",
    Event.ANNOUNCEMENT_MADE: (
        "Operators tell all administrators something; `details` say what, and until when."
    ),
    Event.ANNOUNCEMENT_ENDED: "It is shown no longer, before its time.",
    Event.OPERATOR_ACCESS_ASKED: (
        "An operator has asked to come into a tenant; `details` say why, as what, and how long."
    ),
    Event.OPERATOR_ACCESS_APPROVED: "Somebody in charge of a tenant has let an operator in.",
    Event.OPERATOR_ACCESS_REFUSED: "Somebody in charge of a tenant has not let an operator in.",
    Event.OPERATOR_ACCESS_EMERGENCY: (
        "An operator has stated an emergency, which lets them into a tenant for an hour at once."
    ),
    Event.OPERATOR_ACCESS_DOOR_OPENED: (
        "An operator has been told where they come into a tenant, once and within a minute."
    ),
    Event.OPERATOR_ACCESS_ENTERED: "An operator has come into a tenant, whose log says so.",
    Event.TENANT_DATA_VIEWED: (
        "An operator, or whoever is at the machine, looked at what a tenant has; `details` say at"
        " which area. Of the same within a quarter of an hour, or a program's within a day, there"
        " is one."
    ),
    Event.OPERATOR_ACCESS_ENDED: (
        "The access of an operator to a tenant was ended, or its time was over."
    ),
}
