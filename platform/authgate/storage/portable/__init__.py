"""A tenant's rows on their way out of a database and into another: which there are, how their
values are told, and how all of them are read or added at once."""
