"""What a tenant's administrators do: people in the ``console``, programs by the API, ``/api/v1``.

Of the API, ``api`` says what it is, and one module for each kind of thing holds its operations.
"""
