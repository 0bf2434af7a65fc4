"""What one client owns: lazy values and their ids, secrets, services."""
