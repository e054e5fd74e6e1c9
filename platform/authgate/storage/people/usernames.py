"""What people may be called: one spelling for a name, and no name that passes for another's."""

import unicodedata

from authgate.languages import text

LONGEST_NAME = 100
"""Characters, as they were typed and in the one spelling."""

_ONE_WRITING_SYSTEM = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
"""Scripts that are written together (UTS 39 section 5.2, "Highly Restrictive")."""

_OF_ANY_SCRIPT = frozenset({"COMMON", "INHERITED"})


class BadUsername(ValueError):
    """A name or address that holds what a name must not."""


def canonical(name: str) -> str:
    """One spelling for every way to write the same name: NFKC, case folded, outer blanks off.

    Raises ``BadUsername`` for control, format and unassigned characters (RFC 8265 section 3.3).
    """
    # Normalising makes blanks of other characters, so they go last.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
    if not folded or any(unicodedata.category(each)[0] == "C" for each in folded):
        raise BadUsername(text("A name needs letters, and no control or invisible characters."))
    return folded


def check(name: str) -> None:
    """Refuse what nobody may begin to be called. Who has such a name keeps it.

    The letters, digits and marks of RFC 8265 section 3.3, in one direction (RFC 5893); of one
    writing system, and not to be read as a name in plain letters (UTS 39 sections 4 and 5.2).
    Raises ``BadUsername``.
    """
    # Here, since a server that makes nobody needs none of their tables.
    import precis_i18n

    plain = canonical(name)
    # One letter may be written as several in the one spelling, and the other way round.
    if max(len(name.strip()), len(plain)) > LONGEST_NAME:
        raise BadUsername(text("The name has at most %(most)s characters.", most=LONGEST_NAME))
    try:
        precis_i18n.get_profile("UsernameCaseMapped").enforce(plain)
    except UnicodeEncodeError as error:
        raise BadUsername(
            text("A name is of letters and digits in one direction, without blanks or symbols.")
        ) from error
    if not plain.isascii():
        _refuse_disguise(plain)


def _refuse_disguise(name: str) -> None:
    from confusable_homoglyphs import categories

    scripts = {categories.alias(each) for each in name} - _OF_ANY_SCRIPT
    if len(scripts) > 1 and not any(scripts <= together for together in _ONE_WRITING_SYSTEM):
        raise BadUsername(text("The letters of a name are of one script."))
    read_as = "".join(map(_look_alike, name))
    if read_as.isascii():
        raise BadUsername(
            text("This name would be read as %(name)r, which it is not.", name=read_as)
        )


def _look_alike(letter: str) -> str:
    """The ASCII letters that somebody would read, or the letter itself."""
    from confusable_homoglyphs.confusables import confusables_data

    if letter.isascii():
        return letter
    alike = [each["c"].lower() for each in confusables_data.get(letter, ())]
    return next((each for each in alike if each.isascii()), letter)
