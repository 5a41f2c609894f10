"""A tag finds its model among those that are loaded: the latest of one name, and never one of two by chance."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from pydantic import BaseModel

from shoal.runtime.codec import decode, encode, loaded_model, message, tag_of
from shoal.runtime.errors import UnknownMessage

CELL = """
from pydantic import BaseModel

class Reply(BaseModel):
    {field}: int = 0
"""
TAGGED = """
import shoal
from pydantic import BaseModel

@shoal.message("notebook.reply")
class Reply(BaseModel):
    {field}: int = 0
"""


@pytest.fixture
def notebook() -> Iterator[ModuleType]:
    """A module whose cells are run again and again."""
    module = ModuleType("test_tags_notebook")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def run(cell: str, notebook: ModuleType, field: str) -> type[BaseModel]:
    exec(cell.format(field=field), notebook.__dict__)
    model: type[BaseModel] = notebook.__dict__["Reply"]
    return model


@pytest.mark.parametrize("cell", [CELL, TAGGED], ids=["by name", "by tag"])
def test_a_class_that_is_defined_again_under_its_name_is_meant_by_its_tag_from_then_on(
    notebook: ModuleType, cell: str
) -> None:
    for field in ("a", "b", "c"):
        model = run(cell, notebook, field)
        tag, payload = encode(model(**{field: 7}))
        assert loaded_model(tag) is model
        assert decode(tag, payload) == model(**{field: 7})


@pytest.mark.parametrize("cell", [CELL, TAGGED], ids=["by name", "by tag"])
def test_the_latest_definition_is_found_also_when_nothing_was_encoded_in_between(
    notebook: ModuleType, cell: str
) -> None:
    tag = tag_of(run(cell, notebook, "a"))
    loaded_model(tag)
    model = run(cell, notebook, "b")
    assert loaded_model(tag) is model


def test_the_definition_that_its_module_names_is_meant_whatever_its_base(notebook: ModuleType) -> None:
    other_base = CELL.replace(
        "from pydantic import BaseModel", "from tests.runtime.test_tags import Base as BaseModel"
    )
    first = run(other_base, notebook, "a")
    second = run(CELL, notebook, "b")
    notebook.__dict__["Reply"] = first
    assert loaded_model(tag_of(first)) is first
    notebook.__dict__["Reply"] = second
    assert loaded_model(tag_of(second)) is second


class Base(BaseModel):
    """A base of others."""


def test_a_class_made_anew_in_a_function_is_meant_once_it_is_used() -> None:
    def make() -> type[BaseModel]:
        class Local(BaseModel):
            n: int

        return Local

    for _ in range(3):
        local = make()
        assert decode(*encode(local(n=1))) == local(n=1)


def test_a_tag_of_two_loaded_models_is_an_error_that_names_both_when_it_must_be_guessed() -> None:
    @message("test.tags.twice")
    class One(BaseModel):
        n: int

    tag, payload = encode(One(n=1))
    assert decode(tag, payload) == One(n=1)

    @message("test.tags.twice")
    class Other(BaseModel):
        text: str

    with pytest.raises(UnknownMessage, match=r"tag 'test\.tags\.twice' is that of several") as caught:
        decode(tag, payload)
    for model in (One, Other):
        assert f"{model.__module__}:{model.__qualname__}" in str(caught.value)


def test_a_tag_that_is_the_name_of_another_model_is_an_error_too() -> None:
    class Named(BaseModel):
        n: int

    assert loaded_model(tag_of(Named)) is Named

    @message(tag_of(Named))
    class Impostor(BaseModel):
        n: int

    with pytest.raises(UnknownMessage, match=r"Impostor and .*Named"):
        loaded_model(tag_of(Impostor))
