"""Pure values: what the objects of the API are, and how one follows from another."""
