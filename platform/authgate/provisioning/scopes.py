"""How a tenant describes its scopes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.storage.tenants import scopes
from authgate.storage.tenants.scopes import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    Scope,
    ScopeDraft,
    ScopeWords,
)
from authgate.tokens.api_scopes import ADMIN_PREFIX
from authgate.tokens.scopes import MalformedScope, is_admin, parse
from authgate_tenants import current_tenant

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_MOST_LANGUAGES = 30


class UnknownScope(LookupError):
    """The tenant has not described a scope of this name."""


class ScopeInUse(ValueError):
    """Clients are registered for the scope."""


class UnfitScope(ValueError):
    """Something about a scope that cannot be; ``field`` is what would have to be another."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


async def add_scope(parts: Installation, draft: ScopeDraft, *, actor: Actor = SYSTEM) -> Scope:
    """Describe a scope of the current tenant. Raises ``UnfitScope`` and ``ScopeTaken``."""
    check(draft)
    async with storage.transaction():
        scope = await scopes.create(draft)
        await _changed(parts, Event.SCOPE_CREATED, draft.name, actor)
    return scope


async def change_scope(parts: Installation, draft: ScopeDraft, *, actor: Actor = SYSTEM) -> None:
    """Describe a scope anew. Raises ``UnfitScope`` and ``UnknownScope``."""
    check(draft)
    async with storage.transaction():
        former = await scopes.held(draft.name)
        if former is None or not await scopes.change(draft):
            raise UnknownScope(draft.name)
        changes = {"changes": _changes(former, draft)}
        await _changed(parts, Event.SCOPE_UPDATED, draft.name, actor, changes)


def _changes(former: Scope, draft: ScopeDraft) -> list[dict[str, object]]:
    was = asdict(former.words) | asdict(former)
    return [{"setting": name, "was": was[name], "is": it}
            for name, it in asdict(draft).items() if it != was[name]]  # fmt: skip


async def remove_scope(parts: Installation, name: str, *, actor: Actor = SYSTEM) -> None:
    """Forget what was said of a scope. Raises ``UnknownScope`` and ``ScopeInUse``."""
    async with storage.transaction():
        if not await scopes.delete_unused(name):
            raise ScopeInUse(name) if await scopes.find(name) else UnknownScope(name)
        await _changed(parts, Event.SCOPE_DELETED, name, actor)


def check(draft: ScopeDraft) -> None:
    """Raises ``UnfitScope`` for the first fault."""
    for field, fault in faults(draft).items():
        raise UnfitScope(field, fault)


def faults(draft: ScopeDraft) -> dict[str, str]:
    """Every fault, by the field that would have to be another."""
    found: dict[str, str] = {}
    for field, fault in _faults(draft):
        found.setdefault(field, fault)
    return found


def _faults(draft: ScopeDraft) -> Iterator[tuple[str, str]]:
    if not _is_name(draft.name):
        yield "name", text("A scope's name is 1 to 100 visible ASCII characters without \" and \\.")
    if is_admin(draft.name):
        yield (
            "name",
            text(
                "Scopes that begin with %(admin_prefix)s are the admin API's.",
                admin_prefix=ADMIN_PREFIX,
            ),
        )
    yield from _word_faults(ScopeWords(draft.title, draft.description), "")
    if len(draft.translations) > _MOST_LANGUAGES:
        yield (
            "translations",
            text("A scope is described in at most %(most)s languages.", most=_MOST_LANGUAGES),
        )
    for language, words in draft.translations.items():
        if not _LANGUAGE.fullmatch(language):
            yield (
                "translations",
                text(
                    "%(language)r is no language tag, such as de or pt-BR.", language=language[:40]
                ),
            )
        yield from _word_faults(words, "translations")


def _word_faults(words: ScopeWords, field: str) -> Iterator[tuple[str, str]]:
    if not 0 < len(words.title.strip()) <= LONGEST_TITLE:
        yield field or "title", text("The title has 1 to %(most)s characters.", most=LONGEST_TITLE)
    if len(words.description) > LONGEST_DESCRIPTION:
        fault = text("The description has at most %(most)s characters.", most=LONGEST_DESCRIPTION)
        yield field or "description", fault


def _is_name(name: str) -> bool:
    try:
        return parse(name) == (name,)
    except MalformedScope:
        return False


async def _changed(
    parts: Installation,
    event: Event,
    name: str,
    actor: Actor,
    details: Mapping[str, object] | None = None,
) -> None:
    await audit.record(event, actor=actor, resource=("scope", name), details=details)
    await parts.scopes.invalidate((current_tenant().id, "advertised"))
