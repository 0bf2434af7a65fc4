"""Settings of the image: everything secret from the environment, everything open switched off."""

from __future__ import annotations

from config import environment as env
from config.settings.base import *

SECRET_KEY = env.required("DJANGO_SECRET_KEY", why="production needs a long random value of its own")
SECRET_KEY_FALLBACKS = env.words("DJANGO_SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.required_words(
    "DJANGO_ALLOWED_HOSTS",
    why="name the hosts this API answers for, separated by commas",
)
CSRF_TRUSTED_ORIGINS = env.words("DJANGO_CSRF_TRUSTED_ORIGINS")

# The proxy in front must set this header itself and drop what a client sent.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.flag("DJANGO_SECURE_SSL_REDIRECT", default=True)
# A load balancer asks for health over plain HTTP and takes a redirect for a failure. Static files are public, and a
# proxy that ends TLS fetches them over plain HTTP too.
SECURE_REDIRECT_EXEMPT = [r"^api/health/$", r"^static/"]
SECURE_HSTS_SECONDS = env.whole_number("DJANGO_SECURE_HSTS_SECONDS", 60 * 60 * 24 * 365)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("DJANGO_SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = env.flag("DJANGO_SECURE_HSTS_PRELOAD", default=False)
# Browsers' preload lists are not left again within months: that is for the domain's owner to say, not for a default.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = True
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = REST_FRAMEWORK | {"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]}
