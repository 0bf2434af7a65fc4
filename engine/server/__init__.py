"""The session's HTTP endpoint and the GraphQL that it speaks."""
