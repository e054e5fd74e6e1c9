"""What the tests of this folder may ask for besides: who calls the API and signs in."""

from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
