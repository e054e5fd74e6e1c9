"""What the code says of itself, and how pages have it."""

import ast
import enum
import inspect
from collections.abc import Sequence


def sentence(said: str | None) -> str:
    """A docstring, in one line of Markdown."""
    return inspect.cleandoc(said or "").replace("``", "`").replace("\n", " ")


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    return "".join(f"{_row(row)}\n" for row in (head, ["---"] * len(head), *rows))


def _row(cells: Sequence[str]) -> str:
    escaped = [each.replace("|", r"\|") for each in cells]
    return f"| {' | '.join(escaped)} |"


def field_docstrings(kind: type) -> dict[str, str]:
    """What a class says below each of its fields."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  # it was asked for as a class
    return {
        field.target.id: inspect.cleandoc(str(text.value.value))
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def member_docstrings(kind: type[enum.Enum]) -> dict[str, str]:
    """What an enumeration says below each of its members."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  # what a class is parsed as
    return {
        ast.literal_eval(field.value): sentence(ast.literal_eval(text.value))
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.Assign) and isinstance(text, ast.Expr)
    }
