"""Finds a topology by the name that people give it on a command line: ``package.module:name`` or ``file.py:name``."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.topologies.wiring.topology import Topology


def find_topology(where: str) -> Topology:
    """The topology there: an object, or a function without parameters that makes one. Without ``:name`` the only one
    of the module.

    The module is imported, with the current directory on the path, so its code runs. Raises :class:`ConfigError`.
    """
    place, _, name = where.partition(":")
    module = _module(place)
    if not name:
        return _only(module, place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = ", ".join(_topologies(module)) or "none"
            raise ConfigError(f"{place} has no {name!r}; topologies there: {known}")
        found = getattr(found, part)
    return _made(found, where)


def _module(place: str) -> ModuleType:
    if place.endswith(".py"):
        return _from_file(Path(place))
    sys.path.insert(0, "")
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as exc:
        if exc.name is not None and (place == exc.name or place.startswith(f"{exc.name}.")):
            raise ConfigError(
                f"there is no module {place!r} on the path or in this directory; "
                "give package.module:name or file.py:name"
            ) from exc
        raise ConfigError(f"{place} cannot be imported: {exc}") from exc
    except Exception as exc:
        raise ConfigError(f"{place} cannot be imported: {type(exc).__name__}: {exc}") from exc
    finally:
        sys.path.remove("")


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    directory = str(path.parent.resolve())
    sys.path.insert(0, directory)
    try:
        spec.loader.exec_module(module)
    except Exception as exc:
        raise ConfigError(f"{path} cannot be imported: {type(exc).__name__}: {exc}") from exc
    finally:
        sys.path.remove(directory)
    return module


def _topologies(module: ModuleType) -> list[str]:
    """Names of topologies, and of functions that say they return one."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, Topology) or (_is_own_maker(value, module) and not name.startswith("_"))
    ]


def _is_own_maker(value: Any, module: ModuleType) -> bool:
    if not inspect.isfunction(value) or value.__module__ != module.__name__ or _needs(value):
        return False
    returned = value.__annotations__.get("return")
    if isinstance(returned, str):
        returned = getattr(module, returned.rpartition(".")[2], None) or (
            Topology if returned.rpartition(".")[2] == "Topology" else None
        )
    return isinstance(returned, type) and issubclass(returned, Topology)


def _only(module: ModuleType, place: str) -> Topology:
    names = _topologies(module)
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise ConfigError(f"{place} has {len(names)} topologies ({found}); say which: {place}:name")
    return _made(getattr(module, names[0]), f"{place}:{names[0]}")


def _made(found: Any, where: str) -> Topology:
    if inspect.isfunction(found) and not _needs(found):
        try:
            found = found()
        except Exception as exc:
            raise ConfigError(f"{where}() failed: {type(exc).__name__}: {exc}") from exc
    if not isinstance(found, Topology):
        raise ConfigError(
            f"{where} is a {type(found).__name__}, not a topology, nor a function without parameters that makes one"
        )
    return found


def _needs(function: Any) -> bool:
    """Whether it cannot be called without arguments."""
    return any(
        one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        for one in inspect.signature(function).parameters.values()
    )
