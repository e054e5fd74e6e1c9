"""Whether what a connector says is what it may say: exact types, short plain text.

What people write about themselves at a provider locks nobody out: a name with an invisible
character in it is no name here, a group of such a name is none, and the connector is not at fault.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from authgate.plugin_api import Ending, ExternalIdentity, SetupStep
from authgate.plugin_manager.containment import WrongResult

_MOST_GROUPS = 1000
_MOST_SAID = 50
_MOST_STEPS = 20
_MOST_ENDINGS = 50
_LONGEST = 1024
_LONGEST_ID = 255
_LONGEST_METADATA = 40_000
_ISSUERS = ("https://", "ldaps://", "http://", "urn:")
"""How identifiers begin; entity IDs of SAML are URIs of any kind (SAML 2.0 Core section 8.3.6)."""
_OPTIONAL = ("username", "email", "name", "picture")


def checked_identity(result: object) -> ExternalIdentity:
    """The identity, without what of its optional texts is not short and plain. Raises
    ``WrongResult``."""
    if type(result) is not ExternalIdentity:
        raise WrongResult(f"{type(result).__name__} instead of ExternalIdentity")
    if not all(_is_plain(text, _LONGEST_ID) for text in (result.issuer, result.subject)):
        raise WrongResult("an issuer or a subject that is not short plain text")
    optional = {name: getattr(result, name) for name in _OPTIONAL}
    if any(type(text) is not str for text in optional.values()):
        raise WrongResult("an identity that is not text")
    if type(result.email_verified) is not bool:
        raise WrongResult("email_verified that is not true or false")
    if not result.issuer.startswith(_ISSUERS):
        raise WrongResult("an issuer that is no https address or other URI")
    if not result.subject:
        raise WrongResult("no subject")
    _check_moment(result.authenticated_at)
    _check_said(result.said)
    told = replace(result, groups=_checked_groups(result.groups))
    return _without(told, [name for name, text in optional.items() if not _is_fit(text)])


def _is_fit(text: str) -> bool:
    return _is_plain(text, _LONGEST)


def _without(identity: ExternalIdentity, names: Sequence[str]) -> ExternalIdentity:
    if not names:
        return identity
    verified = identity.email_verified and "email" not in names
    unset: dict[str, str] = dict.fromkeys(names, "")
    return replace(identity, email_verified=verified, **unset)  # type: ignore[arg-type]  # by their names


def checked_metadata(result: object) -> str:
    """The metadata. Raises ``WrongResult``."""
    if type(result) is not str or not 0 < len(result) <= _LONGEST_METADATA:
        raise WrongResult("metadata that are no short text")
    return result


def checked_steps(result: object) -> Sequence[SetupStep]:
    """The steps. Raises ``WrongResult``."""
    if type(result) not in (list, tuple):
        raise WrongResult(f"{type(result).__name__} instead of a list of steps")
    steps: Sequence[object] = result  # type: ignore[assignment]  # one of the two
    return [_checked_step(each) for each in steps[:_MOST_STEPS]]


def checked_endings(result: object) -> Sequence[Ending]:
    """The endings. Raises ``WrongResult``."""
    if type(result) not in (list, tuple):
        raise WrongResult(f"{type(result).__name__} instead of a list of endings")
    endings: Sequence[object] = result  # type: ignore[assignment]  # one of the two
    return [_checked_ending(each) for each in endings[:_MOST_ENDINGS]]


def _checked_ending(ending: object) -> Ending:
    if type(ending) is not Ending or type(ending.at) is not datetime or ending.at.tzinfo is None:
        raise WrongResult("something that is not an Ending with a time zone")
    if not _is_plain(ending.name, 100):
        raise WrongResult("an ending whose name is not short plain text")
    return ending


def _checked_step(step: object) -> SetupStep:
    if type(step) is not SetupStep or type(step.passed) is not bool:
        raise WrongResult("something that is not a SetupStep")
    if not (_is_plain(step.name, 100) and _is_plain(step.said, _LONGEST)):
        raise WrongResult("a step that is not short plain text")
    return step


def _checked_groups(groups: object) -> tuple[str, ...] | None:
    if groups is None:
        return None
    if type(groups) is not tuple or len(groups) > _MOST_GROUPS:
        raise WrongResult(f"groups that are no tuple of at most {_MOST_GROUPS}")
    if not all(type(each) is str for each in groups):
        raise WrongResult("groups that are not text")
    return tuple(each for each in groups if _is_plain(each, _LONGEST_ID))


def _check_moment(moment: object) -> None:
    if moment is not None and (type(moment) is not datetime or moment.tzinfo is None):
        raise WrongResult("authenticated_at that is no moment with a time zone")


def _check_said(said: object) -> None:
    if type(said) is not dict or len(said) > _MOST_SAID:
        raise WrongResult(f"said that is no dict of at most {_MOST_SAID}")
    if not all(_is_plain(each, _LONGEST) for pair in said.items() for each in pair):
        raise WrongResult("said that is not short plain text")


def _is_plain(text: object, longest: int) -> bool:
    return type(text) is str and len(text) <= longest and text.isprintable()
