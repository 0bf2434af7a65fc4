"""Dockerfiles as values: text to instructions (docs.docker.com/reference/dockerfile), nothing carried out."""
