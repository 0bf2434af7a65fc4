"""One client: its objects, secrets and services, and the operations that its queries come down to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.platform import Platform
    from engine.session.lazy import Nodes
    from engine.session.registries import Registries
    from engine.session.secrets import Secrets
    from engine.session.services import Services
    from engine.solver.exec_op import ExecOp
    from engine.solver.git_ops import GitOps
    from engine.solver.http_ops import HttpOps
    from engine.solver.image_ops import ImageOps
    from engine.solver.local_images import LocalImageOps
    from engine.solver.ports import Blobs, HostFiles
    from engine.solver.trees import TreeOps


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What the fields of the API work with."""

    key: str = field(repr=False)
    """Random: makes ids of this session, and lets nobody tell from an id what went in."""
    workdir: Path
    platform: Platform
    nodes: Nodes
    secrets: Secrets
    services: Services
    registries: Registries
    trees: TreeOps
    execs: ExecOp
    images: ImageOps
    local_images: LocalImageOps
    web: HttpOps
    git: GitOps
    blobs: Blobs
    host: HostFiles
