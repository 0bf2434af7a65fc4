"""Getting a token over HTTP."""
