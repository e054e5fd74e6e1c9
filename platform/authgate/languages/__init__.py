"""The languages of pages and letters: which there are, which one somebody reads, and what is said
in it.

The texts are in English where they are written, in templates and in code; their translations are
in the catalogues of ``authgate_templates/languages``. Programs are answered in English whatever
they ask for (RFC 6749 section 5.2 allows ``error_description`` no other letters).
"""

from authgate.languages.spoken import (
    ENGLISH,
    LANGUAGES,
    Language,
    in_order,
    offered,
    speak,
    speaking,
    spoken,
)
from authgate.languages.text import Text, by_plugin, counted, text, told

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Language",
    "Text",
    "by_plugin",
    "counted",
    "in_order",
    "offered",
    "speak",
    "speaking",
    "spoken",
    "text",
    "told",
]
