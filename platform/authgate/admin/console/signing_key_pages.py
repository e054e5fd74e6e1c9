"""``/admin/signing-keys``: what the tenant signs with, rotated, revoked, brought and chosen."""

import asyncio
from collections.abc import Mapping
from typing import get_args

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done
from authgate.languages import text
from authgate.permissions import Area, reads, writes
from authgate.provisioning import UnfitTenant
from authgate.provisioning.signing_algorithms import change_algorithm
from authgate.storage.keys import signing_keys
from authgate.storage.keys.signing_keys import SigningKey
from authgate.tokens import imported_key
from authgate.tokens.imported_key import UnfitKey
from authgate.tokens.keys import KNOWN_AFTER, KeysChanged, KeyTooYoung, KnownKey, UnknownKey
from authgate.web.console_view_models import Done
from authgate.web.signing_key_view_models import SigningKeyLine, SigningKeysPage
from authgate_tenants import current_tenant
from authgate_tenants.settings import SigningAlgorithm

_HERE = "/signing-keys"
_ALGORITHMS: tuple[SigningAlgorithm, ...] = get_args(SigningAlgorithm)


class SigningKeyPages:
    """The tenant's signing keys."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("signing-keys")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.KEYS))
        routes.post(f"{ROOT}{_HERE}/rotate", self.rotate, writes(Area.KEYS))
        routes.post(f"{ROOT}{_HERE}/revoke", self.revoke, writes(Area.KEYS))
        routes.post(f"{ROOT}{_HERE}/import", self.bring, writes(Area.KEYS))
        routes.post(f"{ROOT}{_HERE}/algorithm", self.choose, writes(Area.KEYS))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them."""
        return await self._page({})

    async def rotate(self) -> Response:
        """Let the next key sign."""
        form = await request.form
        try:
            rotation = await self._console.parts.keys.rotate(
                _algorithm(form), actor=actor(), known_for=0 if _at_once(form) else KNOWN_AFTER
            )
        except KeyTooYoung:
            return done(_HERE, Done.KEY_TOO_YOUNG)
        except KeysChanged:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.KEYS_ROTATED if rotation else Done.NOTHING)

    async def revoke(self) -> Response:
        """End a key, with all that it has signed."""
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}")
        kid = (await request.form).get("kid", "")
        try:
            await self._console.parts.keys.revoke(kid, actor=actor())
        except (UnknownKey, KeysChanged):
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.KEY_REVOKED)

    async def bring(self) -> Response:
        """Take a private key, or say what is wrong with it; what was typed is not shown again."""
        refuse_guest()
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}")
        form = await request.form
        try:
            key = await asyncio.to_thread(
                imported_key.read, form.get("key", ""), kid=form.get("kid", "")
            )
            await self._console.parts.keys.bring_in(key, actor=actor())
        except UnfitKey as error:
            return await self._page({"key": str(error)})
        except KnownKey:
            return await self._page({"key": text("The tenant has had this key before.")})
        except KeysChanged:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.KEY_IMPORTED)

    async def choose(self) -> Response:
        """Sign by another algorithm, once clients know its keys."""
        form = await request.form
        try:
            change = await change_algorithm(
                self._console.parts, _algorithm(form), at_once=_at_once(form), actor=actor()
            )
        except UnfitTenant as error:
            return await self._page({"algorithm": str(error)})
        published = change.known_at is not None
        return done(_HERE, Done.ALGORITHM_PUBLISHED if published else Done.ALGORITHM_CHANGED)

    async def _page(self, faults: Mapping[str, str]) -> Response:
        chosen, here = current_tenant().settings, frame.url(_HERE)
        content = SigningKeysPage(
            frame=await self._console.frame(),
            keys=[_line(each) for each in await signing_keys.every()],
            algorithm=chosen.signing_algorithm,
            algorithms=_ALGORITHMS,
            days=chosen.signing_key_days,
            rotate_action=f"{here}/rotate",
            revoke_action=f"{here}/revoke",
            import_action=f"{here}/import",
            algorithm_action=f"{here}/algorithm",
            faults=faults,
        )
        return self._console.show("signing_keys.html", content, 400 if faults else 200)


def _algorithm(form: Mapping[str, str]) -> SigningAlgorithm:
    wanted = form.get("algorithm", "")
    for each in _ALGORITHMS:
        if each == wanted:
            return each
    raise BadRequest


def _at_once(form: Mapping[str, str]) -> bool:
    return form.get("now") == "1"


def _line(key: SigningKey) -> SigningKeyLine:
    return SigningKeyLine(
        kid=key.kid,
        algorithm=key.algorithm,
        state=key.state,
        published_at=key.published_at,
        activated_at=key.activated_at,
        rotates_at=key.rotates_at,
        ended_at=key.revoked_at or key.expires_at,
    )
