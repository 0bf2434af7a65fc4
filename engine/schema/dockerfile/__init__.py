"""Carry out Dockerfiles with the session's own operations."""
