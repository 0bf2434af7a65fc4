"""System calls and the programs of the host: imports nothing of the project but errors."""
