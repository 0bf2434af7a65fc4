"""What the contracts of container processes need."""

from tests.containers import base_root, process, root

__all__ = ["base_root", "process", "root"]
