"""Limits as they are in tests that ask a lot: counted as ever, and never reached."""

NEVER_REACHED = {
    # All clients of a test come from one address.
    f"AUTHGATE_LIMITS__{name}": "10000/s burst 10000"
    for name in (
        "REQUESTS_PER_TENANT",
        "LOGIN_PER_IP",
        "LOGIN_PER_TENANT",
        "DEVICE_AUTHORIZATION",
        "USER_CODE_PER_SESSION",
        "USER_CODE_PER_IP",
        "USER_CODE_PER_TENANT",
        "TOKEN_PER_CLIENT",
        "CLIENT_FAILURES",
        "CLIENT_FAILURES_PER_IP",
        "UNKNOWN_DEVICE_CODES",
        "BEARER_FAILURES",
        "AUTHORIZATION_PER_IP",
        "AUTHORIZATION_PER_SUBJECT",
        "INTROSPECTION_PER_CLIENT",
        "REVOCATION_PER_IP",
        "REGISTRATION_PER_IP",
        "CLIENT_DOCUMENTS_PER_IP",
        "REGISTERED_CLIENTS_PER_IP",
    )
}
"""Variables of the environment."""
