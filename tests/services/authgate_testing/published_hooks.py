"""The plugin API as it is, in words that can be compared.

``python -m authgate_testing.published_hooks`` writes them down, where something was added.
"""

import inspect
import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from authgate import plugin_api
from authgate.plugin_api import API_VERSION, hookspecs
from authgate.plugin_api.hookspecs import rules_of

FILE = Path(__file__).parents[2] / "plugins/published_hooks.json"


def described() -> dict[str, Any]:
    """Every hook with its arguments, budget and way to fail, and every value with its fields."""
    specs = [spec for spec in vars(hookspecs).values() if hasattr(spec, "authgate_rules")]
    public = {name: getattr(plugin_api, name) for name in plugin_api.__all__}
    values = {name: it for name, it in public.items() if isinstance(it, type) and is_dataclass(it)}
    return {
        "version": API_VERSION,
        "names": sorted(public),
        "hooks": {spec.__name__: _hook(spec) for spec in specs},
        "values": {name: _value(kind) for name, kind in sorted(values.items())},
    }


def _hook(spec: Callable[..., object]) -> dict[str, Any]:
    rules, signature = rules_of(spec), inspect.signature(spec)
    return {
        "arguments": {
            name: inspect.formatannotation(each.annotation)
            for name, each in signature.parameters.items()
        },
        "returns": inspect.formatannotation(signature.return_annotation),
        "budget": rules.budget,
        "on_failure": rules.on_failure.value,
    }


def _value(kind: type) -> dict[str, str]:
    annotations = inspect.get_annotations(kind)
    return {
        each.name: f"{inspect.formatannotation(annotations[each.name])}"
        f"{'' if each.default is MISSING and each.default_factory is MISSING else ' = …'}"
        for each in fields(kind)
        if not each.name.startswith("_")
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(described(), indent=2, ensure_ascii=False) + "\n")
