"""What the installation's operators do: people in the ``console``, programs by ``/operator/v1``.

Operators are people of one tenant. All of it is served below that tenant's issuer and nowhere else.
Of the API, ``api`` says what it is, and one module for each kind of thing holds its operations;
``crossing`` is the way from the operators' tenant to what is done for another one.
"""
