"""What the console's pages about scopes show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class DescribedScope:
    """A scope in a list."""

    url: str
    name: str
    title: str
    languages: Sequence[str]
    sensitive: bool
    advertised: bool


@dataclass(frozen=True, slots=True)
class ScopesPage:
    """``console/scopes.html``."""

    frame: ConsoleFrame
    new_url: str
    scopes: Sequence[DescribedScope]


@dataclass(frozen=True, slots=True)
class TranslationFields:
    """The words of one language; a row without a language is none."""

    language: str = ""
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ScopeFields:
    """What is in the fields of a scope's form, as it was typed.

    The names of the fields are the names here, those of the translations with the number of their
    row: ``language-1``. A tick sends ``1``.
    """

    name: str = ""
    title: str = ""
    description: str = ""
    sensitive: bool = False
    advertised: bool = True
    translations: Sequence[TranslationFields] = ()


@dataclass(frozen=True, slots=True)
class ScopeFormPage:
    """``console/scope_form.html``. Posts ``ScopeFields`` and ``version``; ``delete_action`` gets
    ``version``."""

    frame: ConsoleFrame
    action: str
    cancel_url: str
    fields: ScopeFields
    faults: Mapping[str, str] = field(default_factory=dict)
    """By the name of the field."""
    delete_action: str | None = None
    """``None`` where it is new."""
    version: str = ""
    """Which state of the scope that is."""
    changed_meanwhile: bool = False
    """Whether somebody else has changed it since: nothing was saved."""
