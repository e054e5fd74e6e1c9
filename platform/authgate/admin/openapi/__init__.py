"""``GET /api/v1/openapi.json``: what the API is, for programs (OpenAPI 3.1)."""

from collections.abc import Mapping, Sequence

from authgate import __version__
from authgate.admin.openapi.operations import described, tag
from authgate.admin.openapi.refusals import by_status, name_of, refusal
from authgate.admin.openapi.schemas import Json, Schemas, used
from authgate.admin.operations import Operation
from authgate.admin.places import BASE
from authgate.tokens.admin_scopes import MEANINGS, Scope


def document(operations: Sequence[Operation], *, issuer: str) -> Json:
    """The document of a tenant's API."""
    return of_tenant(common(operations), issuer=issuer)


def of_tenant(document: Json, *, issuer: str) -> Json:
    """What is common to all tenants, with what differs."""
    security = {"securitySchemes": _security(issuer)}
    return {
        **document,
        "servers": [{"url": f"{issuer}{BASE}"}],
        "components": document["components"] | security,
    }


def common(operations: Sequence[Operation]) -> Json:
    """What is the same for every tenant, and takes longer to make than an answer may."""
    schemas = Schemas(operations)
    paths: Json = {}
    responses: Json = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = described(each, schemas)
        for kinds in by_status(each).values():
            responses[name_of(kinds)] = refusal(kinds, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AuthGate admin API",
            "version": __version__,
            "summary": "What a tenant's administrators do, for programs.",
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [],
        "tags": [{"name": name} for name in dict.fromkeys(tag(each) for each in operations)],
        "paths": paths,
        "components": {
            "schemas": used(schemas.told, [paths, responses]),
            "responses": dict(sorted(responses.items())),
        },
    }


_INTRODUCTION = """\
Ask for an access token with the scopes of this API, by the client credentials grant or for an \
administrator, and send it as `Authorization: Bearer`.

Lists go on by cursors, which are also in `Link`. What has an `ETag` is changed with `If-Match`. \
A `POST` with an `Idempotency-Key` can be sent again. Every refusal is a problem (RFC 9457)."""


def _security(issuer: str) -> Mapping[str, Json]:
    scopes = {scope.value: MEANINGS[scope] for scope in Scope}
    token = f"{issuer}/oauth/token"
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "Access tokens of the tenant itself.",
            "flows": {
                "clientCredentials": {"tokenUrl": token, "scopes": scopes},
                "authorizationCode": {
                    "authorizationUrl": f"{issuer}/oauth/authorize",
                    "tokenUrl": token,
                    "refreshUrl": token,
                    "scopes": scopes,
                },
            },
        }
    }
