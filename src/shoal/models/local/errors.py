"""What can keep a local model from being served. Each error names the thing and the remedy.

::

    ShoalError
    └── LocalModelError
        ├── EngineMissing           the extra ``local-llm`` is not installed, or its library cannot be loaded
        ├── ModelFileError          the model's file
        │   ├── ModelFileMissing    there is none at the path, or it cannot be read
        │   ├── NotGguf             it is no GGUF file, or a damaged one
        │   └── HashMismatch        what was fetched is not what was pinned
        ├── FetchFailed             a packaged model could not be downloaded
        │   ├── PipMissing          this Python has no pip to download with
        │   ├── IndexUnreachable    no package index answered
        │   └── NotInIndex          the index answered and does not have it
        ├── DiskFull                no room for it in the cache
        ├── NotEnoughMemory         it would not fit, or did not
        ├── PortInUse               something else listens there
        ├── ServerFailed            the server ended, or was not ready in time; carries the end of its log
        └── ServedElsewhere         the model is served on another node: its loopback address means nothing here
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class LocalModelError(ShoalError):
    """A local model that cannot be served."""


class EngineMissing(LocalModelError):
    """The extra ``local-llm`` is not installed, or its library cannot be loaded on this machine."""


class ModelFileError(LocalModelError):
    """The model's file; ``details['path']`` is where."""


class ModelFileMissing(ModelFileError):
    """There is no file at the path, or it cannot be read."""


class NotGguf(ModelFileError):
    """The file is no GGUF file that the engine can load."""


class HashMismatch(ModelFileError):
    """What was fetched is not what was pinned. It was not used."""


class FetchFailed(LocalModelError):
    """A packaged model could not be downloaded. Nothing is left behind; run it again."""


class PipMissing(FetchFailed):
    """This Python has no pip to download with."""


class IndexUnreachable(FetchFailed):
    """No package index answered."""


class NotInIndex(FetchFailed):
    """The package index does not have the package in the pinned version."""


class DiskFull(LocalModelError):
    """There is no room for the model in the cache."""


class NotEnoughMemory(LocalModelError):
    """The model with its context does not fit into the memory that is free."""


class PortInUse(LocalModelError):
    """Something else listens on the port."""


class ServerFailed(LocalModelError):
    """The server ended by itself, or was not ready in time; ``details['log']`` is the end of what it said."""


class ServedElsewhere(LocalModelError):
    """The model is served on another node, whose loopback address means nothing here."""
