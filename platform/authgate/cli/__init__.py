"""``authgate``: the commands of whoever runs an installation or tries one out.

One module per noun. Data goes to standard output, as a table or as JSON; everything else to
standard error. Each command is a function that tests and scripts can call.
"""
