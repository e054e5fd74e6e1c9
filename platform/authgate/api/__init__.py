"""What the APIs below an issuer are made of, whatever they are for.

``description`` says what an API is, ``operations`` what an operation of one is, ``door`` lets those
perform it who may, and ``openapi`` writes down what they all are. What each API is for is with
those who serve it: ``authgate.admin`` and ``authgate.operator``.
"""
