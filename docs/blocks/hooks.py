"""What plugins are asked, and the values that they take and give."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass

from authgate import plugin_api
from authgate.feeds import lifecycles
from authgate.plugin_api import hookspecs
from blocks.words import field_docstrings, sentence, table_of


def hooks() -> str:
    """Every hook with its rules, and the values that hooks take and give."""
    rows = [_hook(spec) for spec in vars(hookspecs).values() if hasattr(spec, "authgate_rules")]
    public = [getattr(plugin_api, name) for name in plugin_api.__all__]
    values = [each for each in public if isinstance(each, type) and is_dataclass(each)]
    head = ("hook", "budget", "on failure", "for")
    reserved = ", ".join(f"`{each}`" for each in sorted(plugin_api.RESERVED_CLAIMS))
    return "\n".join(
        [
            table_of(head, rows),
            *map(_value_of_hooks, values),
            "### What is a lifecycle event\n",
            table_of(("lifecycle", "types"), _lifecycles()),
            f"### Reserved claims\n\nOnly the server fills these: {reserved}.\n",
        ]
    )


def _lifecycles() -> list[tuple[str, str]]:
    types = {str(kind): lifecycles.types_of(kind) for kind in plugin_api.Lifecycle}
    return [
        (f"`{kind}`", ", ".join(f"`{each}`" for each in found)) for kind, found in types.items()
    ]


def _hook(spec: Callable[..., object]) -> tuple[str, ...]:
    rules, arguments = hookspecs.rules_of(spec), inspect.signature(spec).parameters
    name = f"`{spec.__name__}({', '.join(arguments)})`"
    return name, f"{rules.budget:g} s", rules.on_failure, sentence(spec.__doc__)


def _value_of_hooks(kind: type) -> str:
    said, declared = field_docstrings(kind), inspect.get_annotations(kind)
    rows = [
        (f"`{field.name}`", f"`{_shown(declared[field.name])}`",
         sentence(said.get(field.name)))
        for field in fields(kind)
        if not field.name.startswith("_")
    ]  # fmt: skip
    table = [table_of(("field", "type", "holds"), rows)] if rows else []
    return "\n".join([f"### {kind.__name__}\n\n{sentence(kind.__doc__)}\n", *table])


def _shown(annotation: object) -> str:
    return inspect.formatannotation(annotation).replace("collections.abc.", "")
