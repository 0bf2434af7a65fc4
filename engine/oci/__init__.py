"""Image formats: references, manifests, layers and layouts of the OCI image specification, and Docker's older twins."""
