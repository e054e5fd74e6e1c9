"""Writes what the code says into the reference pages: ``python docs/reference.py``.

The settings go into the schema of the Helm chart's values as well.

A page holds blocks between ``<!-- reference:name -->`` and ``<!-- /reference:name -->``. Only what
is between them is made here; the tests hold every block to the code.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from authgate.api.description import EXAMPLE_ISSUER
from authgate.cli import openapi
from authgate.cli.declaration import tenant_file
from blocks.api import api_operations, api_problems, api_scopes, areas, refusals, roles
from blocks.commands import commands, every_command, exit_codes
from blocks.hooks import hooks
from blocks.misconfigurations import every_misconfiguration, misconfigurations, refused
from blocks.operators import operator_operations, operator_roles, operator_scopes
from blocks.settings import chart_schema, process_settings, tenant_settings
from blocks.telemetry import audit_events, measurements, span_attributes

__all__ = [
    "BLOCKS",
    "CHART_SCHEMA",
    "OPENAPI",
    "chart_schema",
    "every_command",
    "every_misconfiguration",
    "main",
    "written",
]

DOCS = Path(__file__).parent

OPENAPI = DOCS / "openapi.json"

TENANT_SCHEMA = DOCS / "tenant.schema.json"

_BLOCK = re.compile(
    r"(?P<begin><!-- reference:(?P<name>[a-z-]+) -->\n).*?(?P<end><!-- /reference:(?P=name) -->)",
    re.DOTALL,
)

CHART_SCHEMA = DOCS.parent / "helm/values.schema.json"

BLOCKS: dict[str, Callable[[], str]] = {
    "settings": process_settings,
    "tenant-settings": tenant_settings,
    "commands": commands,
    "exit-codes": exit_codes,
    "misconfigurations": misconfigurations,
    "refused": refused,
    "metrics": measurements,
    "span-attributes": span_attributes,
    "audit-events": audit_events,
    "hooks": hooks,
    "errors": refusals,
    "roles": roles,
    "areas": areas,
    "api-scopes": api_scopes,
    "api-operations": api_operations,
    "api-problems": api_problems,
    "operator-roles": operator_roles,
    "operator-scopes": operator_scopes,
    "operator-operations": operator_operations,
}


def written(page: str) -> str:
    """The page with each of its blocks as the code says it."""
    return _BLOCK.sub(
        lambda block: f"{block['begin']}{BLOCKS[block['name']]()}{block['end']}", page
    )


def main() -> int:
    """Write every page, the OpenAPI document and the schema of a tenant's file anew, and the
    settings into the chart's schema."""
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text()
        after = written(before)
        if after != before:
            path.write_text(after)
            sys.stdout.write(f"{path.name}\n")
    CHART_SCHEMA.write_text(chart_schema(CHART_SCHEMA.read_text()))
    OPENAPI.write_text(openapi.written(EXAMPLE_ISSUER))
    TENANT_SCHEMA.write_text(tenant_file.schema_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
