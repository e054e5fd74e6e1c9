"""What can be chosen, and what can be extended, is documented."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pluggy
from pydantic import BaseModel

from authgate.plugin_api import hookspecs
from authgate.settings import Settings
from authgate_tenants.settings import TenantSettings


def documented(kind: type) -> set[str]:
    """The fields that a class says something of."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def undocumented(section: type[BaseModel]) -> Iterator[str]:
    """Settings and sections that nothing is said of."""
    said = documented(section)
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (f"{name}.{each}" for each in undocumented(kind))
            is_documented = name in said or bool(kind.__doc__)
        else:
            is_documented = name in said
        if not is_documented:
            yield name


def test_every_setting_is_documented_where_it_is_declared() -> None:
    assert not list(undocumented(Settings))


def test_every_setting_of_a_tenant_is_documented_where_it_is_declared() -> None:
    assert {field.name for field in fields(TenantSettings)} <= documented(TenantSettings)


def test_every_hook_is_documented_with_its_signature(repository: Path) -> None:
    manager = pluggy.PluginManager("authgate")
    manager.add_hookspecs(hookspecs)
    page = (repository / "docs/plugin-hooks.md").read_text().replace("`", "")
    headings = {line.lstrip("# ") for line in page.splitlines() if line.startswith("#")}
    hooks = {
        f"{name}({', '.join(hook.spec.argnames)})"
        for name, hook in vars(manager.hook).items()
        if not name.startswith("_")
    }
    assert hooks
    assert hooks <= headings
