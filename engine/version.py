"""Which version of Dagger's API the engine answers as, and its own name."""

DAGGER_VERSION = "v0.21.8"
ENGINE_NAME = "django-image embedded engine"
