"""Templates of lines to paste into a program: text, and no markup.

What is put into them is quoted for the language it is put into: whoever pastes the lines runs them.
"""

import json
import shlex

from jinja2 import Environment, PackageLoader, StrictUndefined


def line_templates(folder: str, *, keep_trailing_newline: bool = False) -> Environment:
    """The templates in a folder of ``authgate_templates``.

    ``text`` quotes as JSON does: such a string is one of Python, JavaScript, Go and YAML as well,
    where it is of ASCII characters. ``shell`` quotes for a shell.
    """
    environment = Environment(
        loader=PackageLoader("authgate_templates", package_path=folder),
        autoescape=False,  # noqa: S701  # no markup: the page that shows it escapes it
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
    )
    environment.filters.update(text=json.dumps, shell=shlex.quote)
    return environment
