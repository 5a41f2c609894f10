"""Where fetched models are kept: ``SHOAL_CACHE``, else ``shoal`` in the user's cache directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from shoal.models.local.catalogue import PackagedModel

VARIABLE = "SHOAL_CACHE"


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """The cache directory; it need not exist. Follows the XDG base directory specification."""
    own = environment.get(VARIABLE)
    if own:
        return Path(own).expanduser().absolute()
    base = environment.get("XDG_CACHE_HOME", "")
    # The specification: a path that is not absolute is to be ignored.
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "shoal"


def place_of(model: PackagedModel, cache: Path) -> Path:
    """Where a packaged model's file is, once it is fetched; another content has another place."""
    return cache / "models" / f"{model.name}-{model.gguf_sha256[:12]}" / model.file
