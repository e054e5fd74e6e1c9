"""What stands below a field in the source says what it means: read when somebody asks for it.

pydantic would read it while it makes each class, which is a seventh of the start of every program.
"""

import ast
import inspect
import sys
from functools import cache

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


def explained(kind: type, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """The schema of this class, with what its fields mean."""
    told = handler(schema)
    properties = handler.resolve_ref_schema(told).get("properties", {})
    for each in kind.__mro__:
        for name, meaning in _of(each.__module__).get(each.__name__, {}).items():
            if name in properties:
                properties[name].setdefault("description", meaning)
    return told


@cache
def _of(module: str) -> dict[str, dict[str, str]]:
    """What the fields of a module's classes mean; of our own modules."""
    if not module.startswith("authgate"):
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: _in(each) for each in tree.body if isinstance(each, ast.ClassDef)}


def _in(kind: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in zip(kind.body, kind.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(text.value.value, str)
    }
