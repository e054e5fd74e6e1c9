"""What a tenant's administrators do: people in the ``console``, programs by the API, ``/api/v1``.

Of the API, ``api`` is the door, ``operations`` says what an operation is, one module for each kind
of thing holds its operations, and ``openapi`` writes down what they all are.
"""
