"""Filters (RFC 7644 section 3.4.2.2), as conditions that the database finds rows by.

A filter has to name somebody by what is unique of them, or be one of few that the order of a list
answers by itself: none has the database look through everybody that a tenant has.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from operator import and_, or_
from typing import Final

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    AttrPath,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from authgate.scim.errors import ScimError
from authgate.storage.selections import EVERYTHING, Attribute, BadComparison, Reach, Selection

LONGEST: Final = 1024
"""Characters."""

MOST_TERMS: Final = 32
"""Comparisons."""

Attributes = Mapping[str, Attribute]
"""By the attribute's name in lower case, what stands for it."""


def selection(text: str | None, attributes: Attributes, schema: str) -> Selection:
    """What a filter looks for. Raises ``ScimError``, with ``invalidFilter`` or ``tooMany``."""
    if not text:
        return EVERYTHING
    if len(text) > LONGEST:
        raise _invalid(f"A filter has at most {LONGEST} characters.")
    try:
        tree = ScimFilter(text).ast
    except InvalidFilterException as error:
        raise _invalid(f"The filter cannot be read: {error.detail}") from error
    except RecursionError as error:
        raise _invalid("The filter is nested too deep.") from error
    found = _Translator(attributes, schema.lower()).visit(tree)
    if found.reach is Reach.WIDE:
        raise _invalid(
            "This filter would look through everybody. Name somebody by eq and an attribute that is"
            " unique, and add the rest with and."
        )
    return found


def _invalid(detail: str) -> ScimError:
    return ScimError(400, detail, "invalidFilter")


@contextmanager
def _worded(said: str) -> Iterator[None]:
    try:
        yield
    except BadComparison as error:
        raise _invalid(f"{said}: {error}") from error


class _Translator(FilterVisitor[Selection]):
    def __init__(self, attributes: Attributes, schema: str, within: str = "") -> None:
        self._attributes = attributes
        self._schema = schema
        self._within = within
        self._terms = 0

    def visit_comparison(self, node: Comparison) -> Selection:
        attribute = self._attribute(node.attr_path)
        with _worded(f"{node.attr_path} {node.op.value}"):
            return attribute.compared(node.op.value, node.value)

    def visit_present(self, node: Present) -> Selection:
        attribute = self._attribute(node.attr_path)
        with _worded(f"{node.attr_path} pr"):
            return attribute.present()

    def visit_not(self, node: Not) -> Selection:
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Selection:
        joined = and_ if node.op is LogicalOperator.and_ else or_
        return reduce(joined, [self.visit(term) for term in node.terms])

    def visit_value_path(self, node: ValuePath) -> Selection:
        # Of what has several values each has one here, so what is said of it is said of that.
        within = f"{self._name(node.attr_path)}."
        inner = _Translator(self._attributes, self._schema, within)
        inner._terms = self._terms
        found = inner.visit(node.val_filter)
        self._terms = inner._terms
        return found

    def _attribute(self, path: AttrPath) -> Attribute:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise _invalid(f"A filter has at most {MOST_TERMS} comparisons.")
        name = self._name(path)
        if name not in self._attributes:
            raise _invalid(f"Nobody is found by {path}.")
        return self._attributes[name]

    def _name(self, path: AttrPath) -> str:
        if path.uri is not None and path.uri.lower() != self._schema:
            raise _invalid(f"Nobody is found by {path}.")
        return f"{self._within}{path.attr}{f'.{path.sub_attr}' if path.sub_attr else ''}".lower()
