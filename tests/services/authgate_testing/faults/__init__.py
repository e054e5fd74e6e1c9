"""Servers under fire: what is asked of them, what is done to them, and what must hold after it.

``site`` is what stands on the ground: PostgreSQL, Redis, tenants, and hosts that serve them.
``load`` are the clients, whose every request and answer is in a ``history``. ``nemesis`` does the
damage and waits until each host is well again. ``checker`` compares the history with what is
``stored`` in the end.
"""
