"""``authgate scope``: what the scopes of a tenant let applications do, in words for people."""

from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all

app = Noun()

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


@app.verb(example='scope create orders:read --title "see your orders"')
def create(
    name: Name,
    title: Title,
    tenant: OfTenant = None,
    description: Description = "",
    translation: Translations = None,
    sensitive: Sensitive = False,
    advertised: Advertised = True,
) -> None:
    """Describe a scope, for the pages on which people allow it."""
    said = {
        "name": name,
        "title": title,
        "description": description,
        "translations": _translations(translation or []),
        "sensitive": sensitive,
        "advertised": advertised,
    }
    with administered(tenant) as api:
        api.post("/scopes", said)
    say(f"✓ {name} is described.")


@app.verb("list", example="scope list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the scopes that a tenant has described."""
    with administered(tenant) as api:
        show_all([_record(each) for each in api.get("/scopes")["items"]], output)


@app.verb("show", example="scope show orders:read")
def show_(name: Name, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a scope with its translations."""
    with administered(tenant) as api:
        scope = api.get(within("scopes", name))
    words = {language: _text(each) for language, each in scope["translations"].items()}
    show({**_record(scope), "translations": words}, output)


@app.verb(example='scope update orders:read --translation "de=Ihre Bestellungen sehen"')
def update(
    name: Name,
    tenant: OfTenant = None,
    title: Annotated[str | None, typer.Option(help="Another title")] = None,
    description: Annotated[str | None, typer.Option(help="Another description")] = None,
    translation: Translations = None,
    sensitive: Annotated[bool | None, typer.Option(help="Whether it changes things")] = None,
    advertised: Annotated[bool | None, typer.Option(help="Whether metadata names it")] = None,
) -> None:
    """Describe a scope anew; what is not given stays as it is. de= removes a translation."""
    said = given(
        {
            "title": title,
            "description": description,
            "translations": _translations(translation) if translation else None,
            "sensitive": sensitive,
            "advertised": advertised,
        }
    )
    if not said:
        raise Misused("Say what to change.")
    with administered(tenant) as api:
        api.change(within("scopes", name), said)
    say(f"✓ {name} is described anew.")


@app.verb(example="scope delete orders:read --yes")
def delete(name: Name, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Forget what was said of a scope that no client is registered for."""
    if not yes:
        confirm(f"Remove the words for {name}?")
    with administered(tenant) as api:
        api.delete(within("scopes", name))
    say(f"✓ {name} is removed.")


def _translations(typed: list[str]) -> dict[str, dict[str, str] | None]:
    """By language; ``None`` for one that is to be removed."""
    found: dict[str, dict[str, str] | None] = {}
    for each in typed:
        language, equals, text = each.partition("=")
        if not equals:
            raise Misused(f"{each!r} is not language=title.")
        title, _, description = (part.strip() for part in text.partition("|"))
        words = {"title": title, "description": description}
        found[language.strip()] = words if title else None
    return found


def _text(words: dict[str, str]) -> str:
    return "|".join(filter(None, (words["title"], words["description"])))


def _record(scope: dict[str, Any]) -> Record:
    return {
        "name": scope["name"],
        "title": scope["title"],
        "description": scope["description"],
        "sensitive": scope["sensitive"],
        "advertised": scope["advertised"],
        "languages": sorted(scope["translations"]),
    }
