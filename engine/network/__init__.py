"""The session's own network: knows nothing of containers' processes, snapshots or the API."""
