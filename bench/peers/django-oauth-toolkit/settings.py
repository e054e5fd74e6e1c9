"""A Django project as `startproject` makes it, with django-oauth-toolkit and nothing else.

The environment says where it lives.
"""

import os

ISSUER = os.environ["PEER_ISSUER"]

SECRET_KEY = "worth-nothing-outside-of-a-benchmark"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "oauth2_provider",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ["PEER_DATABASE_PORT"],
        "NAME": os.environ["PEER_DATABASE"],
        "USER": "postgres",
        # A connection for each request is Django's default, and would be most of the work.
        "CONN_MAX_AGE": None,
    }
}
OAUTH2_PROVIDER = {
    "SCOPES": {name: name for name in os.environ["PEER_SCOPES"].split()},
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": ISSUER,
    "OIDC_RSA_PRIVATE_KEY": os.environ["PEER_KEY"],
    "OAUTH2_VALIDATOR_CLASS": "validator.Validator",
    "OAUTH_DEVICE_VERIFICATION_URI": f"{ISSUER}/device",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
}
