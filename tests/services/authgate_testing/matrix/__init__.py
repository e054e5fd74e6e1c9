"""The isolation matrix: whatever one tenant's people and programs send, sent once with what another
tenant has and once with what nobody has.

Two tenants go through the same tour at the same pace (``tours``). Where the same request of both is
about to be sent (``lockstep``), everything in which the two differ is a place for a name, an id or
a credential (``requests``), and what the other tenant has in that place is as good as it will ever
be. Each is put there, and so is something of the same shape that nobody has (``likeness``). Answers
and traces must be the same (``trials``), and what is stored of the other tenant must not change
(``stored``). Which routes and parameters there are says the code itself (``routes``).
"""
