"""The audit log held fast: seals over its events, checkpoints that are kept elsewhere, and whether
all of it is as it was.
"""
