"""``/admin/scopes``: what each scope lets an application do, in words for people."""

from collections.abc import Iterator, Mapping, Sequence

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import provisioning, storage
from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.languages import text
from authgate.permissions import Area, reads, writes
from authgate.provisioning import ScopeInUse
from authgate.provisioning import scopes as fitness
from authgate.storage.tenants import scopes
from authgate.storage.tenants.scopes import Scope, ScopeDraft, ScopeTaken, ScopeWords
from authgate.web.console_view_models import Done
from authgate.web.scope_view_models import (
    DescribedScope,
    ScopeFields,
    ScopeFormPage,
    ScopesPage,
    TranslationFields,
)

_HERE = "/scopes"
_ONE = f"{ROOT}{_HERE}/<row_id>"
_MOST_LANGUAGES = 30
_MORE_ROWS = 2


class ScopePages:
    """The tenant's scopes."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("scopes")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.SCOPES))
        routes.get(f"{ROOT}{_HERE}/new", self.begin, writes(Area.SCOPES))
        routes.post(f"{ROOT}{_HERE}/new", self.create, writes(Area.SCOPES))
        routes.get(_ONE, self.edit, reads(Area.SCOPES))
        routes.post(_ONE, self.change, writes(Area.SCOPES))
        routes.post(f"{_ONE}/delete", self.delete, writes(Area.SCOPES))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them."""
        content = ScopesPage(
            frame=await self._console.frame(),
            new_url=frame.url(f"{_HERE}/new"),
            scopes=[_line(each) for each in await scopes.all_scopes()],
        )
        return self._console.show("scopes.html", content)

    async def begin(self) -> Response:
        """An empty form."""
        return await self._form(ScopeFields(), {})

    async def create(self) -> Response:
        """Describe a scope, or show again what was typed."""
        said = _typed(await request.form)
        faults = _faults(said)
        if not faults:
            try:
                # By itself: what a database refuses, it refuses with all that is in one unit.
                async with storage.set_aside():
                    await provisioning.add_scope(self._console.parts, _draft(said), actor=actor())
            except ScopeTaken:
                faults = {"name": text("This scope is described already.")}
        return await self._form(said, faults) if faults else done(_HERE, Done.SCOPE_SAVED)

    async def edit(self, row_id: str) -> Response:
        """A scope as it is described."""
        scope = await _named(row_id)
        return await self._form(_fields(scope), {}, scope)

    async def change(self, row_id: str) -> Response:
        """Describe it anew, or show again what was typed; nothing over what somebody else has
        stored since it was shown."""
        scope, form = await _held(row_id), await request.form
        if form.get("version") != _version(scope):
            return await self._form(_fields(scope), {}, scope, changed_meanwhile=True)
        said = _typed(form, name=scope.name)
        if faults := _faults(said):
            return await self._form(said, faults, scope)
        await provisioning.change_scope(self._console.parts, _draft(said), actor=actor())
        return done(_HERE, Done.SCOPE_SAVED)

    async def delete(self, row_id: str) -> Response:
        """Forget what was said of it, where no client may ask for it."""
        scope, form = await _held(row_id), await request.form
        if form.get("version") != _version(scope):
            return done(f"{_HERE}/{scope.id}", Done.NOTHING)
        try:
            await provisioning.remove_scope(self._console.parts, scope.name, actor=actor())
        except ScopeInUse:
            return done(f"{_HERE}/{scope.id}", Done.SCOPE_IN_USE)
        return done(_HERE, Done.SCOPE_DELETED)

    async def _form(
        self,
        fields: ScopeFields,
        faults: Mapping[str, str],
        scope: Scope | None = None,
        *,
        changed_meanwhile: bool = False,
    ) -> Response:
        here = frame.url(f"{_HERE}/{scope.id if scope else 'new'}")
        content = ScopeFormPage(
            frame=await self._console.frame(),
            action=here,
            cancel_url=frame.url(_HERE),
            fields=_with_empty_rows(fields),
            faults=faults,
            delete_action=f"{here}/delete" if scope else None,
            version=_version(scope) if scope else "",
            changed_meanwhile=changed_meanwhile,
        )
        status = 409 if changed_meanwhile else 400 if faults else 200
        return self._console.show("scope_form.html", content, status)


async def _named(row_id: str) -> Scope:
    scope = await scopes.find_by_row(id_in_address(row_id))
    if scope is None:
        raise NotFound
    return scope


async def _held(row_id: str) -> Scope:
    """The scope of this address, until the end of the request. Raises ``NotFound``."""
    scope = await scopes.held((await _named(row_id)).name)
    if scope is None:
        raise NotFound
    return scope


def _version(scope: Scope) -> str:
    return scope.updated_at.isoformat()


def _line(scope: Scope) -> DescribedScope:
    return DescribedScope(
        url=frame.url(f"{_HERE}/{scope.id}"),
        name=scope.name,
        title=scope.words.title,
        languages=sorted(scope.translations),
        sensitive=scope.sensitive,
        advertised=scope.advertised,
    )


def _fields(scope: Scope) -> ScopeFields:
    return ScopeFields(
        name=scope.name,
        title=scope.words.title,
        description=scope.words.description,
        sensitive=scope.sensitive,
        advertised=scope.advertised,
        translations=[
            TranslationFields(language, words.title, words.description)
            for language, words in sorted(scope.translations.items())
        ],
    )


def _typed(form: Mapping[str, str], *, name: str | None = None) -> ScopeFields:
    return ScopeFields(
        name=form.get("name", "").strip() if name is None else name,
        title=form.get("title", "").strip(),
        description=form.get("description", "").strip(),
        sensitive=form.get("sensitive") == "1",
        advertised=form.get("advertised") == "1",
        translations=list(_translations(form)),
    )


def _translations(form: Mapping[str, str]) -> Iterator[TranslationFields]:
    for number in range(1, _MOST_LANGUAGES + 1):
        names = ("language", "title", "description")
        said = [form.get(f"{name}-{number}", "").strip() for name in names]
        if any(said):
            yield TranslationFields(*said)


def _with_empty_rows(said: ScopeFields) -> ScopeFields:
    rows: Sequence[TranslationFields] = [
        *said.translations,
        *(TranslationFields() for _ in range(_MORE_ROWS)),
    ]
    return ScopeFields(
        said.name,
        said.title,
        said.description,
        said.sensitive,
        said.advertised,
        rows[:_MOST_LANGUAGES],
    )


def _draft(said: ScopeFields) -> ScopeDraft:
    return ScopeDraft(
        name=said.name,
        title=said.title,
        description=said.description,
        translations={
            each.language: ScopeWords(each.title, each.description) for each in said.translations
        },
        sensitive=said.sensitive,
        advertised=said.advertised,
    )


def _faults(said: ScopeFields) -> dict[str, str]:
    languages = [each.language.lower() for each in said.translations]
    twice = (
        {"translations": text("Each language once.")}
        if len(set(languages)) < len(languages)
        else {}
    )
    return twice | fitness.faults(_draft(said))
