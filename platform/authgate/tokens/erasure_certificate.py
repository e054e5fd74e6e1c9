"""What stays of a person who was erased: a signed statement of what was removed, when and by
whom."""

from authgate.tokens.signed_statement import Kind

ERASURE = Kind(
    "erasure-certificate+jwt",
    b"authgate erasure certificates",
    "certificate of a person's erasure",
)
