"""Pages of the console that plugins declare. The server draws them: a plugin gives no HTML.

Every text is shown as it is. A link leads to an ``https`` address, or to a page of the console
(``/admin/users``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolePage:
    """A page in the console's menu."""

    name: str
    """What it is called in its address: lower-case letters and digits, joined by hyphens."""

    title: str
    """What the menu says: a line of at most 60 characters."""

    icon: str = "app-window"
    """A symbol of the server's icon sheet."""

    area: Literal["settings", "clients", "users"] = "settings"
    """Who sees it: whoever may see this in the console. Who may change this sends its forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleRequest:
    """Somebody looks at a page, or has sent a form of it."""

    tenant: str
    """Slug of the tenant whose console it is."""

    page: str
    """The page's name."""

    subject: str
    """Who looks: the user's identifier."""

    language: str
    """What they read, as a tag (BCP 47): ``en``, ``zh-Hant``."""

    action: str = ""
    """The form that they have sent; empty where they only look."""

    values: object = field(default=None, repr=False)
    """What is in it: one of the class that the form takes."""


@dataclass(frozen=True, slots=True)
class ConsoleLink:
    """A text that leads somewhere."""

    text: str
    """What is read."""

    url: str
    """``https://…``, or a page of the console: ``/admin/users``."""


ConsoleValue: TypeAlias = str | int | ConsoleLink
"""What stands in a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleText:
    """Paragraphs."""

    text: str
    """At most 4000 characters; an empty line begins another paragraph."""

    title: str = ""
    """Heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleNotice:
    """What is to be seen first: what came of a form, or that something is wrong."""

    title: str
    """A line."""

    text: str = ""
    """More of it."""

    kind: Literal["", "good", "warn", "bad"] = ""
    """How it is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleFigures:
    """Numbers side by side, at most eight."""

    figures: tuple[tuple[str, str | int], ...]
    """Each with what it counts in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleFacts:
    """Names and values, one below the other, at most 40."""

    facts: tuple[tuple[str, ConsoleValue], ...]
    """Each value with its name in front."""

    title: str
    """Heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleTable:
    """Lines of a few columns, at most 200 of twelve."""

    title: str
    """Heading."""

    columns: tuple[str, ...]
    """What is in each."""

    rows: tuple[tuple[ConsoleValue, ...], ...]
    """As many values in each as there are columns. The first says what the line is about."""

    empty: str = ""
    """What is said where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleForm:
    """Fields, and a button. What is sent is checked, written to the audit log, and handed to
    ``console_page`` as ``values``."""

    action: str
    """By which the form is known: lower-case letters and digits, joined by hyphens."""

    title: str
    """Heading."""

    button: str
    """What the button says."""

    takes: type[object]
    """A frozen dataclass, as ``register_config`` returns one, of at most 20 fields."""

    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    """What is in the fields at first, by their names; else it is their defaults."""


ConsolePart: TypeAlias = (
    ConsoleText | ConsoleNotice | ConsoleFigures | ConsoleFacts | ConsoleTable | ConsoleForm
)
"""What a page is made of, from top to bottom."""
