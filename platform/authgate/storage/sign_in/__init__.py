"""Signing in and out: browser sessions, ways in elsewhere, failures, and who is told of the end."""
