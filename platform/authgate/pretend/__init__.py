"""What answers on this machine in the place of somebody else's server: in the demo, and in the
tests of plugins.

It is imported by both and imports nothing of ours. Nobody is checked here, and each page says so.
"""
