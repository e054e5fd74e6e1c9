"""Tokens that were issued: what is remembered of them, their use and their end."""
