"""What it tells of a person: what AuthGate tells."""

from oauth2_provider.oauth2_validators import OAuth2Validator


class Validator(OAuth2Validator):
    """The one it comes with, and a name and an address."""

    def get_additional_claims(self, request):
        """Of the person whose token was shown."""
        return {"name": request.user.first_name, "email": request.user.email}
