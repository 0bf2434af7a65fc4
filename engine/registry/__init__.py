"""Image registries, spoken to through skopeo."""
