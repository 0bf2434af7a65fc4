"""Running container processes with an OCI runtime: knows nothing of snapshots, sessions or the API."""
