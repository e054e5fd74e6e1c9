"""Requests that are wrong in each way that HTTP can be wrong in, and who sends and judges them.

Each is made from a seed and a number alone, so whatever one of them breaks can be broken again.
"""
