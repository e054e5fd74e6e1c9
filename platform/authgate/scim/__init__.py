"""SCIM 2.0 below each tenant's issuer: another directory creates, changes and removes the tenant's
people and groups here (RFC 7643, RFC 7644).

``door`` lets those in who may and finds what is asked for; ``service`` and what it stands on speaks
SCIM, and is imported once somebody does.
"""
