"""Commands of an installation's operators, who need not be at its machine."""
