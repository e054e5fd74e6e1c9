"""``/admin``: the pages of a tenant's administrators.

What they do is done by ``provisioning``, in the name of whoever is signed in. A client is named by
the id of its row in every address, since a ``client_id`` may hold any character.
"""
