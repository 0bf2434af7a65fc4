"""Exchange images with a container engine of the host."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.platform import Platform
    from engine.oci.compression import Compression
    from engine.oci.manifest import MediaTypes
    from engine.oci.reference import Reference
    from engine.solver.image_ops import ImageOps, ImageVariant, ImportedImage
    from engine.solver.ports import LocalImages

_ARCHIVE = "image.tar"


class LocalImageOps:
    """Images out to the host's engine and in from it, as archives in `scratch`."""

    def __init__(self, *, images: ImageOps, local: LocalImages, scratch: Path) -> None:
        self._images = images
        self._local = local
        self._scratch = scratch

    def __repr__(self) -> str:
        return f"<LocalImageOps {self._local!r}>"

    async def export(
        self,
        variants: Sequence[ImageVariant],
        reference: Reference,
        *,
        compression: Compression | None,
        media_types: MediaTypes,
    ) -> None:
        """Give the variants to the host's engine under a name; raises ImageError."""
        name = str(reference.tagged())
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="load-") as directory:
            out = Path(directory) / _ARCHIVE
            await self._images.export_archive(
                variants, compression=compression, media_types=media_types, out=out, name=name
            )
            await self._local.load(out, name)

    async def fetch(self, reference: Reference, platform: Platform) -> ImportedImage:
        """Get an image of the host's engine; raises ImageError when there is none of that name."""
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="save-") as directory:
            archive = Path(directory) / _ARCHIVE
            await self._local.save(str(reference.tagged()), archive)
            return await self._images.import_archive(archive, platform=platform)
