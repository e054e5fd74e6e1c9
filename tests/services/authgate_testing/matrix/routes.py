"""Which routes there are, read off the application, and of which a request is."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from quart import Quart
from werkzeug.exceptions import HTTPException

from authgate.admin.catalogue import OPERATIONS
from authgate.admin.places import BASE
from authgate.operator.places import CONSOLE as OPERATORS
from authgate.scim.door import ROUTES as SCIM_ROUTES
from authgate.scim.door import ScimDoor
from authgate.scim.places import BASE as SCIM
from authgate_testing.matrix.requests import App, Request


class Route(NamedTuple):
    """What answers a method at some addresses."""

    method: str
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class Routes:
    """The doors of a tenant: pages for people, machine endpoints, the admin API, SCIM."""

    def __init__(self, edge: App) -> None:
        parts: Any = edge
        self._people: Quart = cast(Any, parts._people)
        self._machine: Mapping[str, Mapping[str, object]] = parts._machine
        self._router: Any = parts._apis[0]._router
        self._documents: Mapping[str, object] = parts._apis[0]._pages
        (self._scim,) = (each for each in parts._apis if isinstance(each, ScimDoor))

    def every(self) -> set[Route]:
        """All of them. To read the head of something alone is the same route."""
        found = {Route(each.method, f"{BASE}{each.path}") for each in OPERATIONS}
        found |= {Route("GET", path) for path in self._documents}
        found |= {Route(method, path) for path, said in self._machine.items() for method in said}
        found |= {
            Route(method, f"{SCIM}{path}") for path, said in SCIM_ROUTES.items() for method in said
        }
        found |= {
            Route(method, rule.rule)
            for rule in self._people.url_map.iter_rules()
            for method in rule.methods or ()
        }
        # Nobody operates here: what operators have is hidden from both tenants alike.
        return {
            each
            for each in found
            if each.method not in ("HEAD", "OPTIONS") and not _is_operators(each.template)
        }

    def pages(self) -> list[str]:
        """Addresses that can be opened as they are."""
        return sorted(
            rule.rule
            for rule in self._people.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and not rule.arguments and not _is_operators(rule.rule)
        )

    def of(self, method: str, path: str) -> Route:
        """The route of a path below a tenant."""
        if path in self._machine or path in self._documents:
            return Route(method, path)
        if self._scim.holds(path):
            return Route(method, self._scim.route(path.encode()))
        if (template := self._router.template(path)) is not None:
            return Route(method, str(template))
        try:
            rule, _ = self._people.url_map.bind("localhost").match(
                path, method=method, return_rule=True
            )
        except HTTPException:
            return Route(method, "none")
        return Route(method, rule.rule)

    def of_request(self, request: Request) -> Route:
        """The route of a request."""
        return self.of(request.method, f"/{'/'.join(request.path)}")

    def members(self, route: Route) -> dict[tuple[str, str], bool]:
        """What an operation of the API may be told, by the kind of its place and its name, and
        whether that may be any text or is an id."""
        found = (each for each in OPERATIONS if Route(each.method, f"{BASE}{each.path}") == route)
        return {
            (kind, name): "UUID" not in str(field.annotation)
            for operation in found
            for kind, model in (
                ("query", operation.query),
                ("json", operation.patches or operation.body),
            )
            for name, field in model.model_fields.items()
        }


def _is_operators(template: str) -> bool:
    return template == OPERATORS or template.startswith(f"{OPERATORS}/")
