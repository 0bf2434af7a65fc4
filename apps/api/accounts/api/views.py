"""Hand out tokens."""

from __future__ import annotations

from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.throttling import ScopedRateThrottle


class TokenView(ObtainAuthToken):
    """Exchange a user's name and password for a token; slowed down against guessing."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "login"
