"""``/scopes``: what the tenant's scopes let an application do, in words for people."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from authgate import provisioning, storage
from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, MergePatch, operation
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.provisioning.scopes import ScopeInUse, UnfitScope
from authgate.storage.tenants import scopes
from authgate.storage.tenants.scopes import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_TITLE,
    Scope,
    ScopeDraft,
    ScopeTaken,
    ScopeWords,
)
from authgate.tokens import admin_scopes
from authgate_tenants import current_tenant

_Title = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
_Description = Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]
_Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$")]


class WordsDocument(Document):
    """What a scope lets an application do, in one language."""

    title: _Title
    """As it goes on after "It will be able to"."""

    description: _Description = ""


class ScopeSettings(Document):
    """What the tenant says of a scope."""

    title: _Title
    """As it goes on after "It will be able to"."""

    description: _Description = ""
    translations: Annotated[Mapping[_Language, WordsDocument], Field(max_length=30)] = Field(
        default_factory=dict
    )
    """By language (RFC 5646), beside the tenant's own."""

    sensitive: bool = False
    """It changes things, and is shown so."""

    advertised: bool = True
    """It is named in the metadata (RFC 8414 `scopes_supported`)."""


class ScopeCreation(ScopeSettings):
    """A scope to be described."""

    model_config = exemplified(
        name="orders:read",
        title="see your orders",
        translations={"de": {"title": "Ihre Bestellungen sehen"}},
    )

    name: Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$", max_length=LONGEST_NAME)]


class ScopeDocument(ScopeSettings):
    """A scope that the tenant has described."""

    model_config = exemplified(
        name="orders:read",
        title="see your orders",
        description="What you have ordered, and when it comes.",
        translations={"de": {"title": "Ihre Bestellungen sehen", "description": ""}},
        sensitive=False,
        advertised=True,
        created_at="2026-03-02T09:12:44Z",
        updated_at="2026-03-02T09:12:44Z",
    )

    name: str
    created_at: datetime
    updated_at: datetime


class ScopeList(Document):
    """Every scope that the tenant has described, by name."""

    items: Sequence[ScopeDocument]


async def list_scopes(call: Call[Nothing, Nothing]) -> Answer[ScopeList]:
    """List scopes."""
    del call
    return Answer(ScopeList(items=[_document(each) for each in await scopes.all_scopes()]))


async def create_scope(call: Call[Nothing, ScopeCreation]) -> Answer[ScopeDocument]:
    """Describe a scope.

    It is shown in these words wherever a person decides about it.
    """
    with _worded():
        scope = await provisioning.add_scope(
            call.parts, _draft(call.body.name, call.body), actor=call.caller.actor
        )
    place = f"{current_tenant().issuer}{BASE}/scopes/{quote(scope.name, safe='')}"
    return Answer(_document(scope), ((b"location", place.encode("ascii")),))


async def read_scope(call: Call[Nothing, Nothing]) -> Answer[ScopeDocument]:
    """Read a scope."""
    return Answer(_document(await _held(_name(call))))


async def change_scope(call: Call[Nothing, MergePatch[ScopeSettings]]) -> Answer[ScopeDocument]:
    """Describe a scope otherwise.

    What the patch leaves out stays, and what is `null` becomes what it is where nobody sets it.
    """
    name = _name(call)
    async with storage.transaction():
        before = _document(await _held(name))
        call.refuse_if_changed(before)
        settings = {each: getattr(before, each) for each in ScopeSettings.model_fields}
        after = call.body.applied(ScopeSettings(**settings))
        with _worded():
            await provisioning.change_scope(
                call.parts, _draft(name, after), actor=call.caller.actor
            )
        return Answer(_document(await _held(name)))


async def delete_scope(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Forget what was said of a scope.

    Clients must not be registered for it any more.
    """
    name = _name(call)
    async with storage.transaction():
        call.refuse_if_changed(_document(await _held(name)), required=False)
        try:
            await provisioning.remove_scope(call.parts, name, actor=call.caller.actor)
        except ScopeInUse as error:
            raise Conflict("Clients are registered for the scope.") from error
    return Answer(None)


def _name(call: Call[Any, Any]) -> str:
    name = call.path["scope"]
    if len(name) > LONGEST_NAME:
        raise NotFound
    return name


async def _held(name: str) -> Scope:
    scope = await scopes.held(name)
    if scope is None:
        raise NotFound
    return scope


def _draft(name: str, said: ScopeSettings) -> ScopeDraft:
    return ScopeDraft(
        name=name,
        title=said.title,
        description=said.description,
        translations={
            language: ScopeWords(words.title, words.description)
            for language, words in said.translations.items()
        },
        sensitive=said.sensitive,
        advertised=said.advertised,
    )


def _document(scope: Scope) -> ScopeDocument:
    return ScopeDocument(
        name=scope.name,
        title=scope.words.title,
        description=scope.words.description,
        translations={
            language: WordsDocument(title=words.title, description=words.description)
            for language, words in sorted(scope.translations.items())
        },
        sensitive=scope.sensitive,
        advertised=scope.advertised,
        created_at=scope.created_at,
        updated_at=scope.updated_at,
    )


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except UnfitScope as error:
        raise Invalid(faults=[Fault(str(error), pointer=f"/{error.field}")]) from error
    except ScopeTaken as error:
        raise Conflict("There is a scope of this name.") from error


_READ, _WRITE = admin_scopes.Scope.SCOPES_READ, admin_scopes.Scope.SCOPES_WRITE
_ONE = "/scopes/{scope}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/scopes", list_scopes, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/scopes",
        create_scope,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_scope, scope=_READ),
    operation(HTTPMethod.PATCH, _ONE, change_scope, scope=_WRITE),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_scope,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
]
