"""The store: snapshots, blobs, results and cache volumes that outlive sessions, in one state directory."""
