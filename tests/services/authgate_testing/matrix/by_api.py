"""What programs and people do by the admin API."""

from dataclasses import replace

from authgate.permissions import UserRole
from authgate.tokens.admin_scopes import Scope
from authgate_testing.api import EVERYTHING, OF_OWNERS, ApiClient
from authgate_testing.matrix import operations
from authgate_testing.matrix.walk import Walk, network
from authgate_testing.person import Person

_PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
"""A picture, as everybody may have it."""


async def as_a_program(walk: Walk) -> None:
    """As a program that may do everything."""
    word, tenant = walk.home.word, walk.home.tenant
    app = replace(walk.application(), client=walk.home.admin)
    issued = await app.token(grant_type="client_credentials", scope=" ".join(EVERYTHING))
    api = ApiClient(walk.http, tenant, issued.json()["access_token"])
    for name in ("alpha", "beta"):
        title = {"title": f"use {name} {word}"}
        key = {"Idempotency-Key": f"{name}-{word}"}
        await api.post("/scopes", {"name": f"{name}:{word}", **title}, **key)
    columns = ["username", "email"]
    await api.post("/user-imports", {"columns": columns})
    tokens = (await api.get("/tokens")).json()["items"]
    await api.post(f"/tokens/{tokens[-1]['id']}/disable")
    groups = (await api.get("/groups")).json()["items"]
    said: operations.Said = {
        "image": [_PIXEL],
        "settings": [
            {"access_token_jitter": 60},
            {"networks": ["0.0.0.0/0", "::/0"], "told": f"Not from there, says {word}"},
        ],
        "username": [f"made-{word}"],
        "confirmation": [walk.home.member.username],
        "columns": [["username", "email"]],
        "lines": [[{"number": 2, "cells": {"username": f"lined-{word}", "email": ""}}]],
        "dry_run": [True],
        "group_id": [group["id"] for group in groups],
        "name": [f"thing-{word}"],
        "title": [f"do {word}"],
        "description": [f"About {word}"],
        "days": [30],
        "redirect_uris": [[f"https://new.{word}.example/callback"]],
        "grant_types": [["authorization_code", "refresh_token"]],
        "clients": [
            [{"client_id": f"{kind}-{number}-{word}"} for number in range(2)]
            for kind in ("pending", "inactive", "active", "unseen")
        ],
        "uri": [f"https://other.{word}.example"],
        "slug": [f"second-{word}"],
        "connector": ["github"],
        "config": [{"client_id": f"second-{word}", "client_secret": f"second-secret-{word}"}],
        "display_name": [f"Crew {word}"],
        "user_id": [str(walk.home.member.id)],
        "host": [f"new.{word}.example", f"own.{word}.example"],
        "email": [f"another-guest@{word}.example"],
        "role": [role.value for role in UserRole],
        "format": ["csv"],
        "key": [walk.home.key.pem()],
        "algorithm": ["ES256"],
        "now": [True],
        "ids": [[each["id"] for each in tokens[:2]], [str(walk.home.member.id)]],
        "network": [network(word)],
        "password": [f"secret-of-{word}"],
        "passphrase": [f"the passphrase of {word}"],
        "sender": [f"no-reply@{word}.example"],
        "url": [f"https://hooks.{word}.example/new"],
        "since": ["2026-01-01T00:00:00Z"],
        "recipient": [f"reads@{word}.example"],
    }
    await operations.all_of_them(api, walk.undone, said)


async def as_a_person(walk: Walk, chief: Person) -> None:
    """As a person: what no program does."""
    app = replace(walk.application(), client=walk.home.admin)
    own = (Scope.ROLES_READ, Scope.ROLES_WRITE, Scope.SCIM_WRITE, Scope.EXPORTS_READ)
    scopes = " ".join((*own, *OF_OWNERS))
    issued = await app.signed_in(chief, scope=scopes)
    api = ApiClient(walk.http, walk.home.tenant, issued["access_token"])
    for each in (await api.get("/operator-accesses")).json()["items"]:
        for verb in ("approve", "refuse"):
            async with walk.undone():
                await api.post(f"/operator-accesses/{each['id']}/{verb}")
    async with walk.undone():
        await api.post("/scim-tokens", {"description": f"Another of {walk.home.word}"})
    async with walk.undone():
        await api.post("/exports", {"passphrase": f"the passphrase of {walk.home.word}"})
    for each in (await api.get("/exports")).json()["items"]:
        async with walk.undone():
            await api.post(f"/exports/{each['id']}/content", {"cursor": None})
