"""What is wrong with an installation, as far as its settings and files tell.

Each misconfiguration has a code that does not change; ``authgate doctor`` tells of all of them, and
the ``prod`` profile does not start with those that are dangerous. What shows only in an open
database, in Redis or at the issuer's address, is looked at in ``authgate.cli.doctor``.
"""
