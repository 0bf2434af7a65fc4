"""Dagger's API as an executable GraphQL schema."""
