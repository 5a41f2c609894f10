"""Packages whose public names are loaded at their first use: what each ``__init__`` with an ``__init__.pyi`` calls.

No such package may import its own modules: of two threads, one in the package and one in a module of it, Python would
give one a module that is half loaded.
"""

from __future__ import annotations

import copyreg
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import lazy_loader


def attach_stub(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of the package, as the stub beside its file lists them."""
    attached: tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]
    attached = lazy_loader.attach_stub(package, file)
    kind = type(sys.modules[package])
    if kind is not ModuleType:
        # Where a function is called like its module, the package gets a type of its own. cloudpickle, by which agents
        # are shipped, knows modules by their exact type.
        copyreg.pickle(kind, _by_name)
    return attached


def _by_name(module: ModuleType) -> tuple[Callable[[str], ModuleType], tuple[str]]:
    return import_module, (module.__name__,)
