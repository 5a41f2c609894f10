"""Messages to bytes and back: msgpack with a stable tag per model. Never pickle.

A message is a Pydantic model or a msgpack-native value (None, bool, int, float, str, bytes, list, tuple, dict).
``encode`` refuses anything else at the sender; ``decode`` gives a handler only what its model validated. No tag
is ever imported by name: a receiver decodes what its own handlers declare, its process has loaded or shoal has.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import msgpack
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from shoal.runtime.above import load_public_names
from shoal.runtime.config import MIB, describe_invalid
from shoal.runtime.errors import (
    ConfigError,
    InvalidMessage,
    MessageTooDeep,
    MessageTooLarge,
    NotAMessage,
    UnknownMessage,
)
from shoal.runtime.packing import LARGE_BYTES, Packing

NATIVE: dict[type, str] = {
    type(None): "none",
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    bytes: "bytes",
    list: "list",
    tuple: "list",
    dict: "dict",
}
NATIVE_TAGS = frozenset(NATIVE.values())
_TAG_ATTRIBUTE = "__shoal_tag__"
_packing = Packing()


class Entry(NamedTuple):
    """How one model is encoded and validated."""

    model: type[BaseModel]
    tag: str
    dump: Callable[..., Any]
    validate: Callable[..., Any]


_entries: dict[type, Entry] = {}
_by_tag: dict[str, type[BaseModel]] = {}
"""What :func:`loaded_model` has found; forgotten when a class comes that may be it too."""


def tag_of(model: type) -> str:
    """The stable tag of a message type: set by :func:`message`, else ``module:QualName``."""
    native = NATIVE.get(model)
    if native is not None:
        return native
    own = model.__dict__.get(_TAG_ATTRIBUTE)
    return own if isinstance(own, str) else f"{model.__module__}:{model.__qualname__}"


def message(tag: str) -> Callable[[type[BaseModel]], type[BaseModel]]:
    """Class decorator: give a model a tag that survives renaming and moving the class."""
    if not tag or tag in NATIVE_TAGS:
        raise ConfigError(f"{tag!r} cannot be a message tag: it is empty or stands for a native type")

    def mark(model: type[BaseModel]) -> type[BaseModel]:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise ConfigError(f"@shoal.message is for Pydantic models, not {model!r}")
        setattr(model, _TAG_ATTRIBUTE, tag)
        _by_tag.pop(tag, None)  # it may not be the only one any more
        return model

    return mark


def entry_of(model: type) -> Entry:
    """The cached coder of a model. Raises :class:`NotAMessage` for other types."""
    entry = _entries.get(model)
    if entry is None:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise NotAMessage(
                f"{model.__module__}.{model.__qualname__} is no message: send a Pydantic model or a "
                "msgpack-native value (None, bool, int, float, str, bytes, list, dict)"
            )
        if not model.__pydantic_complete__:
            model.model_rebuild()
        dump = partial(model.__pydantic_serializer__.to_python, warnings=False)
        entry = Entry(model, tag_of(model), dump, model.__pydantic_validator__.validate_python)
        _entries[model] = entry
        _by_tag.pop(entry.tag, None)  # it may be the same model defined again
    return entry


def encode(value: Any, limit: int = 64 * MIB) -> tuple[str, bytes]:
    """``(tag, msgpack bytes)`` of a message.

    Raises :class:`NotAMessage`, :class:`MessageTooDeep` or :class:`MessageTooLarge`; the receiver is not involved.
    """
    kind = type(value)
    tag = NATIVE.get(kind)
    try:
        if tag is None:
            entry = _entries.get(kind) or entry_of(kind)
            tag = entry.tag
            payload = _packing.pack(entry.dump(value))
        else:
            payload = _packing.pack(value)
    except NotAMessage:
        raise
    except TypeError as exc:
        tag, payload = _encode_as_json(kind, value, exc)
    except RecursionError as exc:
        raise MessageTooDeep(f"message {tag or kind.__qualname__} is nested too deep to be sent") from exc
    except Exception as exc:
        # Without its traceback: of a message nested too deep it is a thousand lines of msgpack.
        raise _encode_error(tag or kind.__qualname__, exc) from exc.with_traceback(None)
    if len(payload) > LARGE_BYTES:
        _packing.renew()
    if len(payload) > limit:
        raise MessageTooLarge(
            f"message {tag} is {len(payload):,} bytes; the limit is {limit:,} (max_message_bytes)"
        )
    return tag, payload


def _encode_as_json(kind: type, value: Any, refused: TypeError) -> tuple[str, bytes]:
    """A model with fields that msgpack has no type for (datetime, UUID, set, Path, ...): as JSON would write them.

    Only if its validator reads the same message back: a set in a field of type ``Any`` would arrive as a list.
    """
    entry = _entries.get(kind)
    if entry is None:
        raise _encode_error(NATIVE.get(kind) or kind.__qualname__, refused) from refused
    try:
        # Value by value: a dump of the whole model in JSON mode would refuse its bytes and lose its NaNs.
        payload: bytes = msgpack.packb(entry.dump(value), default=to_jsonable_python)
        same = entry.validate(msgpack.unpackb(payload, strict_map_key=False)) == value
    except Exception as exc:
        raise _encode_error(entry.tag, refused) from exc
    if not same:
        raise _encode_error(entry.tag, refused) from refused
    return entry.tag, payload


def _encode_error(what: str, exc: Exception) -> Exception:
    text = str(exc)
    if "recursion" in text or "too deep" in text or "Circular reference" in text:
        return MessageTooDeep(f"message {what} is nested deeper than msgpack packs, or contains itself")
    return NotAMessage(
        f"message {what} cannot be sent: {text}. Outside of a model's typed fields only msgpack-native values travel "
        "(never pickle)"
    )


def loaded_model(tag: str) -> type[BaseModel]:
    """The model of a tag among all Pydantic models this process has loaded.

    Of a class that was defined again under its name (in a notebook) it is the latest. Raises
    :class:`UnknownMessage` when there is none, or when two classes have the tag; nothing is imported by name, so that
    a tag cannot run code.
    """
    model = _by_tag.get(tag)
    if model is None or _is_replaced(model, tag):
        model = _by_tag[tag] = _find(tag)
    return model


def _find(tag: str) -> type[BaseModel]:
    found = _loaded_as(tag)
    if not found:
        load_public_names()
        found = _loaded_as(tag)
    if not found:
        raise UnknownMessage(
            f"no loaded model has the tag {tag!r}: import the module that defines it in this process"
        )
    if len(found) > 1:
        raise UnknownMessage(
            f"the tag {tag!r} is that of several loaded models, {' and '.join(sorted(found))}: a message by it could "
            "be any of them. Give each a tag of its own (@shoal.message)"
        )
    return next(iter(found.values()))


def _loaded_as(tag: str) -> dict[str, type[BaseModel]]:
    """The models that have the tag, by their names."""
    found: dict[str, type[BaseModel]] = {}
    queue: list[type[BaseModel]] = [BaseModel]
    while queue:
        for sub in queue.pop().__subclasses__():
            queue.append(sub)
            if tag_of(sub) == tag:
                name = f"{sub.__module__}:{sub.__qualname__}"
                if name not in found or not _is_current(found[name]):
                    found[name] = sub
    return found


def _is_current(model: type[BaseModel]) -> bool:
    """Whether its name still means this class; a class inside a function has no name to look up."""
    owner: Any = sys.modules.get(model.__module__)
    for part in model.__qualname__.split("."):
        owner = getattr(owner, part, None)
    return owner is model


def _is_replaced(model: type[BaseModel], tag: str) -> bool:
    """Whether its module has defined it again since. One look, for every answer is decoded by its tag."""
    now = getattr(sys.modules.get(model.__module__), model.__qualname__, model)
    return now is not model and isinstance(now, type) and issubclass(now, BaseModel) and tag_of(now) == tag


def decode_native(tag: str, payload: bytes, check: Callable[[Any], Any] | None = None) -> Any:
    """The value of a native message, checked against its tag, then by ``check``. Raises :class:`InvalidMessage`."""
    value = _unpack(tag, payload)
    if NATIVE.get(type(value)) != tag and not (tag == "float" and type(value) is int):
        raise InvalidMessage(f"a message tagged {tag!r} holds a {type(value).__name__}")
    if check is None:
        return value
    try:
        return check(value)
    except ValidationError as exc:
        raise InvalidMessage(describe_invalid(f"message {tag}", exc)) from exc


def decode_as(entry: Entry, payload: bytes) -> Any:
    """A validated instance of ``entry.model``. Raises :class:`InvalidMessage` naming the fields."""
    raw = _unpack(entry.tag, payload)
    try:
        return entry.validate(raw)
    except ValidationError as exc:
        raise InvalidMessage(describe_invalid(f"message {entry.tag}", exc)) from exc


def decode(tag: str, payload: bytes) -> Any:
    """A message of any tag this process knows."""
    if tag in NATIVE_TAGS:
        return decode_native(tag, payload)
    return decode_as(entry_of(loaded_model(tag)), payload)


def _unpack(tag: str, payload: bytes) -> Any:
    try:
        return msgpack.unpackb(payload, strict_map_key=False)
    except Exception as exc:  # msgpack raises ValueError, its own classes and UnicodeDecodeError
        raise InvalidMessage(
            f"message {tag}: payload is not valid msgpack ({type(exc).__name__}: {exc})"
        ) from exc
