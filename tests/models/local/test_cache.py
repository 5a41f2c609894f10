"""Where fetched models are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.models.local.cache import cache_directory, place_of
from shoal.models.local.catalogue import PACKAGED, SMOLLM2


@pytest.mark.parametrize(
    ("environment", "where"),
    [
        ({"SHOAL_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"SHOAL_CACHE": "", "XDG_CACHE_HOME": "/b"}, Path("/b/shoal")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/shoal"),
        ({}, Path.home() / ".cache/shoal"),
    ],
)
def test_the_cache_is_where_the_environment_says(environment: dict[str, str], where: Path) -> None:
    assert cache_directory(environment) == where


def test_another_content_has_another_place() -> None:
    other = SMOLLM2._replace(gguf_sha256="0" * 64)
    assert place_of(other, Path("/c")) != place_of(SMOLLM2, Path("/c"))


def test_every_packaged_model_is_pinned_by_both_hashes() -> None:
    for name, model in PACKAGED.items():
        assert model.name == name
        assert len(bytes.fromhex(model.wheel_sha256)) == len(bytes.fromhex(model.gguf_sha256)) == 32
        assert model.file.endswith(".gguf")
