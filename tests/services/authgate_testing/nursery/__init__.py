"""Where programs of ours come from: a process that has imported all of them forks one that runs.

``program`` is that process, ``plugin`` has what tests start come from there.
"""
