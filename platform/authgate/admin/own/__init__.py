"""``/account/my-apps``: applications that people register for themselves, where a tenant lets them.

What they may be is less than what an administrator may make of a client; whatever an administrator
has made of one stays.
"""
