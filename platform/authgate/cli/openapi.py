"""``authgate openapi``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from authgate.admin.api import API
from authgate.api import openapi as document
from authgate.api.description import EXAMPLE_ISSUER
from authgate.cli.failures import Failure
from authgate.cli.output import say

Issuer = Annotated[str, typer.Option(help="Whose API it is: the issuer of a tenant")]
Check = Annotated[
    Path | None, typer.Option(help="Say whether this file is the document, and write nothing")
]


def openapi(issuer: Issuer = EXAMPLE_ISSUER, check: Check = None) -> None:
    """Write down what the admin API is, as an OpenAPI 3.1 document."""
    text = written(issuer)
    if check is None:
        typer.echo(text, nl=False)
    elif check.read_text() != text:
        raise Failure(f"{check} is not what this version's API is.")
    else:
        say(f"{check} is what this version's API is.")


def written(issuer: str) -> str:
    """The document as a file."""
    told = document.document(API, issuer=issuer)
    return f"{json.dumps(told, indent=2, ensure_ascii=False)}\n"
