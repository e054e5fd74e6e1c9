"""What plugins say to a sign-in."""

from unicodedata import category

from authgate.plugin_api import Allow, Deny, LoginDecision, StepUp
from authgate.plugin_manager.containment import WrongResult

LONGEST_TEXT = 300
LONGEST_ACR = 100


def checked_decision(result: object) -> LoginDecision:
    """The decision. Raises ``WrongResult`` where it is none: nothing lets in but ``Allow``."""
    # Exact types, down to the texts: a subclass could run a plugin's code here.
    if type(result) is Allow:
        return result
    if type(result) is Deny:
        _check_text(result.text, LONGEST_TEXT)
        return result
    if type(result) is StepUp:
        _check_text(result.acr, LONGEST_ACR)
        return result
    raise WrongResult(f"{type(result).__name__} instead of Allow, Deny or StepUp")


def _check_text(text: object, longest: int) -> None:
    if type(text) is not str or not 0 < len(text) <= longest or not _is_line(text):
        raise WrongResult(f"no line of 1 to {longest} characters")


def _is_line(text: str) -> bool:
    # Python prints no space but the plain one; people type others, the no-break one above all.
    return all(char.isprintable() or category(char) == "Zs" for char in text)
