"""What varies in the paths of the API."""

from typing import Any

_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "client_id": {
        "description": "The client's `client_id`, percent-encoded.",
        "schema": {"type": "string", "minLength": 1},
        "example": "console",
    },
    "scope": {
        "description": "The scope's name, percent-encoded.",
        "schema": {"type": "string", "minLength": 1},
        "example": "orders:read",
    },
    "resource_server_id": {
        "description": "The resource server's id.",
        "schema": _UUID,
        "example": "e0e2ca77-427d-58b8-b576-b7c06b5401c0",
    },
    "kid": {
        "description": "The key's `kid`, as the JWKS names it.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
        "example": "Fz8hJcW3yP0q7nVbXo2LkTtS1RmUdEaGiYwQ5s9HxNA",
    },
    "export_id": {
        "description": "The file's id.",
        "schema": _UUID,
        "example": "01a22b9b-242f-72ca-909d-473febcc52b1",
    },
    "job_id": {
        "description": "The job's id.",
        "schema": _UUID,
        "example": "01a22b9b-242f-72ca-909d-473febcc52b1",
    },
    "alert_id": {
        "description": "The alert's id.",
        "schema": _UUID,
        "example": "01a22b9b-242f-72ca-909d-473febcc52b1",
    },
    "audit_event_id": {
        "description": "The event's id.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
    },
    "version_id": {
        "description": "The version's id.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90c0de",
    },
    "slug": {
        "description": "The connection's name in addresses.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 40},
        "example": "acme",
    },
    "host": {
        "description": "The host name, in its `xn--` form.",
        "schema": {"type": "string", "minLength": 1},
        "example": "login.example.com",
    },
    "address_block_id": {
        "description": "The block's id.",
        "schema": _UUID,
        "example": "1d5ee4f1-6cf9-5cc5-a2b3-b1b6d8f7d5a3",
    },
    "token_id": {
        "description": "The token's id, its `jti`.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
    },
    "authorization_id": {
        "description": "The authorization's id.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f905678",
    },
    "user_id": {
        "description": "The person's id, the `sub` of their tokens.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd",
    },
    "identity_id": {
        "description": "The id of an identity at another provider.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90ffff",
    },
    "audit_export_id": {
        "description": "The id of a file of the audit log.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "user_erasure_id": {
        "description": "The id of a person's erasure.",
        "schema": _UUID,
        "example": "01a22b9b-242f-72ca-909d-473febcc52c7",
    },
    "user_import_id": {
        "description": "The id of a file of people.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f907777",
    },
    "access_id": {
        "description": "The id of an operator's access.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc",
    },
    "group_id": {
        "description": "The group's id.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa",
    },
    "invitation_id": {
        "description": "The invitation's id.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd",
    },
    "webhook_id": {
        "description": "The webhook's id.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901212",
    },
    "secret_id": {
        "description": "The id of one of its secrets.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901111",
    },
    "delivery_id": {
        "description": "The id of an event on its way to a webhook.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f902222",
    },
    "plugin": {
        "description": "The plugin's name.",
        "schema": {"type": "string", "maxLength": 40},
        "example": "networks",
    },
    "scim_token_id": {
        "description": "The id of a directory's token.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90eeee",
    },
    "session_id": {
        "description": "The session's id.",
        "schema": _UUID,
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90ef01",
    },
}
"""By name, as OpenAPI has them."""
