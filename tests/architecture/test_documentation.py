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


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    """Each setting by its full name, with what is said about it."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield f"{prefix}{name}", field.description or kind.__doc__
            yield from settings_of(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field.description


def test_every_setting_is_documented_where_it_is_declared() -> None:
    undocumented = [name for name, description in settings_of(Settings) if not description]
    assert not undocumented


def test_every_setting_of_a_tenant_is_documented_where_it_is_declared() -> None:
    body = ast.parse(inspect.getsource(TenantSettings)).body[0]
    assert isinstance(body, ast.ClassDef)
    documented = {
        field.target.id
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
    assert {field.name for field in fields(TenantSettings)} <= documented


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
