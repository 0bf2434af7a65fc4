"""From operations to results, through the ports only."""
