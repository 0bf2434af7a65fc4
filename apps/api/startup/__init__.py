"""Start the API in its container: prepare what the server needs, then become the server.

Standard library alone, except `django_steps`, which is imported when the first step needs Django.
"""
