"""Watches a run of the tests: no secret that is issued in it turns up where it must not.

``sources`` notes secrets as they are made, given or sent; ``places`` reads logs, measurements and
what reaches Redis; ``plugin`` holds one against the other after each test and at the end.
"""
