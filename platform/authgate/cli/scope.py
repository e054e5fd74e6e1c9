"""``authgate scope``: what the scopes of a tenant let applications do, in words for people."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.client_options import InTenant
from authgate.cli.failures import Misused
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all
from authgate.provisioning import UnknownScope
from authgate.storage import scopes
from authgate.storage.scopes import Scope, ScopeDraft, ScopeWords

app = typer.Typer()

Name = Annotated[str, typer.Argument(help="The scope, as applications ask for it")]
Title = Annotated[str, typer.Option(help="What it lets an application do, in a few words")]
Description = Annotated[str, typer.Option(help="More of it, shown below")]
Translations = Annotated[
    list[str] | None,
    typer.Option("--translation", help="de=Title, or de=Title|Description; repeatable"),
]
Sensitive = Annotated[
    bool, typer.Option("--sensitive/--not-sensitive", help="It changes things, and is shown so")
]
Advertised = Annotated[
    bool, typer.Option("--advertised/--not-advertised", help="It is named in the metadata")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]


@app.command()
def create(
    tenant: InTenant,
    name: Name,
    title: Title,
    description: Description = "",
    translation: Translations = None,
    sensitive: Sensitive = False,
    advertised: Advertised = True,
) -> None:
    """Describe a scope, for the pages on which people allow it."""
    draft = ScopeDraft(
        name=name,
        title=title,
        description=description,
        translations=_translations(translation or []),
        sensitive=sensitive,
        advertised=advertised,
    )
    actor = installed.operator()
    installed.do(tenant, lambda parts: provisioning.add_scope(parts, draft, actor=actor))
    say(f"✓ {name} is described.")


@app.command("list")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List the scopes that a tenant has described."""
    show_all(
        [_record(each) for each in installed.do(tenant, lambda _: scopes.all_scopes())], output
    )


@app.command("show")
def show_(tenant: InTenant, name: Name, output: Output = Format.TABLE) -> None:
    """Show a scope with its translations."""
    scope = _found(tenant, name)
    words = {language: _text(each) for language, each in scope.translations.items()}
    show({**_record(scope), "translations": words}, output)


@app.command()
def update(
    tenant: InTenant,
    name: Name,
    title: Annotated[str | None, typer.Option(help="Another title")] = None,
    description: Annotated[str | None, typer.Option(help="Another description")] = None,
    translation: Translations = None,
    sensitive: Annotated[bool | None, typer.Option(help="Whether it changes things")] = None,
    advertised: Annotated[bool | None, typer.Option(help="Whether metadata names it")] = None,
) -> None:
    """Describe a scope anew; what is not given stays as it is. de= removes a translation."""
    former = _found(tenant, name).draft()
    given: dict[str, Any] = {
        "title": title,
        "description": description,
        "translations": _changed(former, translation) if translation else None,
        "sensitive": sensitive,
        "advertised": advertised,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise Misused("Say what to change.")
    draft, actor = replace(former, **changes), installed.operator()
    installed.do(tenant, lambda parts: provisioning.change_scope(parts, draft, actor=actor))
    say(f"✓ {name} is described anew.")


@app.command()
def delete(tenant: InTenant, name: Name, yes: Yes = False) -> None:
    """Forget what was said of a scope that no client is registered for."""
    if not yes:
        confirm(f"Remove the words for {name}?")
    actor = installed.operator()
    installed.do(tenant, lambda parts: provisioning.remove_scope(parts, name, actor=actor))
    say(f"✓ {name} is removed.")


def _found(slug: str, name: str) -> Scope:
    scope = installed.do(slug, lambda _: scopes.find(name))
    if scope is None:
        raise UnknownScope(name)
    return scope


def _changed(former: ScopeDraft, typed: list[str]) -> dict[str, ScopeWords]:
    merged = {**former.translations, **_translations(typed)}
    return {language: words for language, words in merged.items() if words.title}


def _translations(typed: list[str]) -> dict[str, ScopeWords]:
    found = {}
    for each in typed:
        language, equals, text = each.partition("=")
        if not equals:
            raise Misused(f"{each!r} is not language=title.")
        title, _, description = text.partition("|")
        found[language.strip()] = ScopeWords(title.strip(), description.strip())
    return found


def _text(words: ScopeWords) -> str:
    return f"{words.title}|{words.description}" if words.description else words.title


def _record(scope: Scope) -> Record:
    return {
        "name": scope.name,
        "title": scope.words.title,
        "description": scope.words.description,
        "sensitive": scope.sensitive,
        "advertised": scope.advertised,
        "languages": sorted(scope.translations),
    }
