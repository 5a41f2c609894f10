"""The head of a GGUF file: whether it is one, and what its metadata say about the memory it will take.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Only numbers and texts are read. The first long
array of texts ends the reading: it is the vocabulary, and what is wanted stands before it.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from shoal.models.local.errors import ModelFileMissing, NotGguf

MAGIC = b"GGUF"
_LFS = b"version https://git-lfs"
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9
_SHORT = 1000
"""Arrays of texts with more are vocabularies; lists of languages, labels and the like have fewer."""
_MOST_BYTES = 1 << 20
"""No key, text or array of numbers that is wanted is longer: more means that the file is damaged."""
_KV_VALUE_BYTES = 2
"""The engine keeps keys and values as 16-bit floats."""


class GgufHead(NamedTuple):
    """What the head of the file says; 0 where it does not."""

    size_bytes: int
    """Of the whole file."""
    trained_context: int = 0
    """Tokens that the model was trained to look back on."""
    layers: int = 0
    kv_width: int = 0
    """Numbers in the keys of one token in one layer, and in its values."""

    @property
    def kv_bytes_per_token(self) -> int:
        """What one token of context takes in memory."""
        return 2 * self.layers * self.kv_width * _KV_VALUE_BYTES


def read_head(path: Path) -> GgufHead:
    """Read the head of a file. Raises :class:`ModelFileMissing` or :class:`NotGguf`."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            _check_magic(path, file.read(len(_LFS)))
            file.seek(len(MAGIC))
            try:
                return _head(_metadata(file), size)
            except (struct.error, ValueError, EOFError, OverflowError) as error:
                raise NotGguf(
                    f"{path} begins as a GGUF file and goes on as none ({error}): fetch it again",
                    path=str(path),
                ) from error
    except OSError as error:
        raise ModelFileMissing(
            f"the model file {path} cannot be read: {error.strerror or error}. Give the path of a GGUF file, or the "
            "name of a packaged model",
            path=str(path),
        ) from error


def _check_magic(path: Path, begins: bytes) -> None:
    if begins.startswith(MAGIC):
        return
    if begins.startswith(_LFS):
        what = "is a Git LFS pointer: fetch the file itself with `git lfs pull`"
    elif not begins:
        what = "is empty: fetch it again"
    else:
        what = (
            f"is no GGUF file, it begins with {begins[:4]!r}: convert the model to GGUF, or give another file"
        )
    raise NotGguf(f"{path} {what}", path=str(path))


def _metadata(file: BinaryIO) -> dict[str, float | str]:
    version, _tensors, count = _unpack(file, "IQQ")
    if version not in (2, 3):
        raise ValueError(f"version {version} of the format is not known")
    found: dict[str, float | str] = {}
    for _ in range(int(count)):
        key = _text(file)
        (kind,) = _unpack(file, "I")
        if kind == _TEXT:
            found[key] = _text(file)
        elif kind in _NUMBERS:
            (found[key],) = _unpack(file, _NUMBERS[int(kind)])
        elif kind != _ARRAY:
            raise ValueError(f"a value of the unknown kind {kind}")
        elif not _skip_array(file):
            break
    return found


def _skip_array(file: BinaryIO) -> bool:
    """Go behind an array; not (False) behind one that cannot be skipped quickly."""
    kind, count = (int(number) for number in _unpack(file, "IQ"))
    if kind in _NUMBERS:
        file.seek(count * struct.calcsize(_NUMBERS[kind]), 1)
        return True
    if kind != _TEXT or count > _SHORT:
        return False
    for _ in range(count):
        _text(file)
    return True


def _head(found: dict[str, float | str], size: int) -> GgufHead:
    family = str(found.get("general.architecture", ""))

    def number(key: str) -> int:
        value = found.get(f"{family}.{key}", 0)
        return int(value) if not isinstance(value, str) else 0

    heads = number("attention.head_count")
    width = number("attention.key_length") or (number("embedding_length") // heads if heads else 0)
    kv_width = (number("attention.head_count_kv") or heads) * width
    return GgufHead(size, number("context_length"), number("block_count"), kv_width)


def _text(file: BinaryIO) -> str:
    (length,) = _unpack(file, "Q")
    return _read(file, int(length)).decode("utf-8", "replace")


def _unpack(file: BinaryIO, form: str) -> tuple[float, ...]:
    form = f"<{form}"
    return struct.unpack(form, _read(file, struct.calcsize(form)))


def _read(file: BinaryIO, length: int) -> bytes:
    if length > _MOST_BYTES:
        raise ValueError(f"a piece of {length:,} bytes in its head")
    data = file.read(length)
    if len(data) < length:
        raise EOFError("it ends in its head")
    return data
