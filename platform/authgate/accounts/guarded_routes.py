"""Routes of pages, each with what it asks of whoever opens it.

Nothing is served among them that has not said so.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from quart import Blueprint, Response

from authgate.accounts.standing import (
    SignInAgain,
    StepUp,
    require,
    to_second_factor,
    to_sign_in,
)
from authgate.permissions import Permission, UserRole, permits

P = ParamSpec("P")
Page = Callable[P, Awaitable[Response]]


class Doors:
    """What each route asks for."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, str], Permission] = {}
        """By the method and the rule of the route."""

    def open_to(self, role: UserRole) -> frozenset[str]:
        """The pages with an address of their own that this role opens."""
        return frozenset(
            rule
            for (method, rule), permission in self.asked.items()
            if method == "GET" and "<" not in rule and permits(role, permission)
        )


class GuardedRoutes:
    """Routes of one part of the pages that are for some."""

    def __init__(self, name: str, doors: Doors, *, least: Permission) -> None:
        async def only_those_who_may() -> None:
            require(least)

        self._doors = doors
        self.blueprint = Blueprint(name, __name__)
        # Before what the framework answers by itself, too.
        self.blueprint.before_request(only_those_who_may)
        self.blueprint.register_error_handler(SignInAgain, to_sign_in)
        self.blueprint.register_error_handler(StepUp, to_second_factor)

    def get(self, rule: str, page: Page[P], asks: Permission) -> None:
        """A page that is shown to whom this is permitted."""
        self._add("GET", rule, page, asks)

    def post(self, rule: str, act: Page[P], asks: Permission) -> None:
        """What is done for whom this is permitted."""
        self._add("POST", rule, act, asks)

    def _add(self, method: str, rule: str, page: Page[P], asks: Permission) -> None:
        @wraps(page)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            require(asks)
            return await page(*args, **kwargs)

        self._doors.asked[method, rule] = asks
        self.blueprint.add_url_rule(rule, view_func=guarded, methods=[method])
