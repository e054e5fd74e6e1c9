"""What stands in the blocks of the reference pages, by what it is about."""
