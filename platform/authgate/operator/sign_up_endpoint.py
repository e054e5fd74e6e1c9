"""``POST /sign-ups`` and ``POST /sign-ups/confirmation``: the same as the pages, for programs.

JSON goes in and comes out; nobody has to prove who they are, so limits hold by address. What is not
known is refused, and never ignored.
"""

from collections.abc import Mapping, Set

from authgate import storage
from authgate.accounts.passwords import BadPassword, Passwords
from authgate.installation import Installation
from authgate.operator.sign_up_pages import LIMIT
from authgate.provisioning import first_client, sign_ups
from authgate.provisioning.sign_ups import Founded, NoSignUp, Told, UnfitSignUp
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import BadRequest, MachineRequest, Reply, Routes, parse_json_object

PATH = "/sign-ups"

_JSON = "application/json"
_TOLD = frozenset({"email", "name", "slug"})
_CONFIRMED = frozenset({"token", "password", "name", "slug"})
_NOTHING_HERE = Reply.json(404, {"error": "not_found"})


class SignUpEndpoint:
    """What programs ask to begin a tenant."""

    def __init__(self, parts: Installation, *, passwords: Passwords, limits: Limits) -> None:
        self._parts = parts
        self._passwords = passwords
        self._limits = limits

    def routes(self) -> Routes:
        """By path and method."""
        return {
            PATH: {"POST": self.ask},
            f"{PATH}/confirmation": {"POST": self.finish},
        }

    async def ask(self, request: MachineRequest) -> Reply:
        """Send the link. The answer is the same whoever has the address."""
        if not sign_ups.is_here(self._parts) or self._parts.settings.sign_up.mode != "open":
            return _NOTHING_HERE
        await self._limits.count(LIMIT, bucket(request.client_ip))
        said = _members(request, _TOLD)
        try:
            told = Told(*(_text(said, name) for name in Told._fields))
            await sign_ups.ask_for_tenant(self._parts, told)
        except UnfitSignUp as error:
            return _unfit(error.field, str(error))
        return Reply.json(202, {"status": "sent"})

    async def finish(self, request: MachineRequest) -> Reply:
        """Begin the tenant. Who was invited tells its name and slug as well."""
        if not sign_ups.is_here(self._parts):
            return _NOTHING_HERE
        await self._limits.count(LIMIT, bucket(request.client_ip))
        said = _members(request, _CONFIRMED)
        try:
            async with storage.transaction():
                founded = await sign_ups.finish_sign_up(
                    self._parts,
                    self._passwords,
                    _text(said, "token"),
                    password=_text(said, "password"),
                    name=_text(said, "name"),
                    slug=_text(said, "slug"),
                )
        except NoSignUp:
            return Reply.json(
                400, {"error": "invalid_token", "error_description": "It is no longer good."}
            )
        except BadPassword as error:
            return _unfit("password", str(error))
        except UnfitSignUp as error:
            return _unfit(error.field, str(error))
        return Reply.json(201 if founded.is_new else 200, _document(founded))


def _members(request: MachineRequest, known: Set[str]) -> Mapping[str, object]:
    if request.query:
        raise BadRequest("Parameters belong into the body, not into the URL.")
    if request.content_type() != _JSON:
        raise BadRequest("The body must be application/json.")
    said = parse_json_object(request.body)
    unknown = sorted(said.keys() - known)
    if unknown:
        raise BadRequest(f"The member {unknown[0][:40]!r} is not known.")
    return said


def _text(said: Mapping[str, object], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise UnfitSignUp(name, "This has to be a text.")
    return value


def _unfit(field: str, fault: str) -> Reply:
    return Reply.json(400, {"error": "invalid_request", "error_description": fault, "field": field})


def _document(founded: Founded) -> dict[str, object]:
    tenant = founded.tenant
    return {
        "tenant_id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "issuer": tenant.issuer,
        "owner": founded.owner,
        "client_id": first_client.CLIENT_ID,
        "sign_in_url": founded.sign_in_url,
    }
