"""Git repositories through the host's git program: an edge."""
