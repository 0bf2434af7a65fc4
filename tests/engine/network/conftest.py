"""What the tests of the network share."""

from tests.containers import base_root, process, root

__all__ = ["base_root", "process", "root"]
