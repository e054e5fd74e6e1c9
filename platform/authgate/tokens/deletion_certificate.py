"""What stays of a deleted tenant: a signed statement of what was deleted, when and by whom."""

from authgate.tokens.signed_statement import Kind

DELETION = Kind(
    "deletion-certificate+jwt",
    b"authgate deletion certificates",
    "certificate of a deletion",
)
