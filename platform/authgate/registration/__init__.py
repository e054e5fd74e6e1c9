"""Clients that register themselves (RFC 7591) and look after what they have registered (RFC 7592).

What any client can be is decided in ``provisioning``; here is what a stranger may say of one.
"""
