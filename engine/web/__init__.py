"""Files over HTTP: an edge."""
