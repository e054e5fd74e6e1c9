"""A tenant as code: a file that declares it, what would change, and having that done.

The file speaks the admin API's language: its sections are the API's collections, and what stands in
them are the documents that the API takes.
"""
