from __future__ import annotations

import datetime
import enum
import pickle
import threading
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

import shoal
from shoal.actors.tools.errors import BadArguments, ToolFailed
from shoal.actors.tools.function_tool import FunctionTool, tool
from shoal.actors.tools.tool import ToolPolicy
from shoal.errors import ConfigError
from shoal.runtime.provenance import Origin
from tests.actors.tools.calls import inside, travelled


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Visit(BaseModel):
    place: str
    on: datetime.date


class Place(BaseModel):
    name: str
    title: str = "town"


@tool
async def search(query: str, limit: int = 5, *, ctx: shoal.Context) -> list[str]:
    """Search the handbook.

    Finds what is there.

    Args:
        query: What to look for,
            in a few words.
        limit (int): Hits at most.

    Returns:
        Titles, best first.

    Raises:
        ValueError: never.
    """
    return [f"{query} {n} {ctx.task}" for n in range(limit)]


@tool(consequential=True, accepts=Origin.TRUSTED, gives=Origin.WEB, timeout_s=3, once=False, name="paint_it")
def paint(
    color: Color,
    when: datetime.date,
    where: Annotated[Place, Field(description="Which place")],
    pair: tuple[int, int] = (1, 2),
) -> str:
    """Paint a place.

    :param color: which color
    :param when: the day
    :return: how it went
    """
    return f"{where.name} {color.name} {when.isoformat()} {pair[1]} {threading.current_thread().name}"


def test_a_model_is_told_name_description_and_arguments_and_not_the_context() -> None:
    assert search.spec.name == "search"
    assert search.spec.description == (
        "Search the handbook.\n\nFinds what is there.\n\nReturns: Titles, best first."
    )
    assert search.spec.parameters == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What to look for, in a few words."},
            "limit": {"type": "integer", "default": 5, "description": "Hits at most."},
        },
        "required": ["query"],
        "additionalProperties": False,
    }


def test_the_policy_is_what_the_decorator_says() -> None:
    assert search.policy == ToolPolicy()
    assert paint.policy == ToolPolicy(
        consequential=True, accepts=Origin.TRUSTED, gives=Origin.WEB, timeout_s=3, once=False
    )


def test_a_property_that_is_called_title_stays_in_the_schema() -> None:
    place = paint.spec.parameters["$defs"]["Place"]
    assert set(place["properties"]) == {"name", "title"}
    assert "title" not in place


def test_descriptions_come_from_fields_of_the_docstring_and_from_annotations() -> None:
    properties = paint.spec.parameters["properties"]
    assert properties["when"]["description"] == "the day"
    assert properties["where"]["description"] == "Which place"
    assert paint.spec.description == "Paint a place.\n\nReturns: how it went"


def test_checked_arguments_have_their_defaults_and_are_plain_json() -> None:
    assert search.check({"query": "a"}) == {"query": "a", "limit": 5}
    assert paint.check({"color": "red", "when": "2026-02-03", "where": {"name": "Ulm"}}) == {
        "color": "red",
        "when": "2026-02-03",
        "where": {"name": "Ulm", "title": "town"},
        "pair": [1, 2],
    }


async def test_a_sync_function_runs_in_a_thread_with_its_arguments_as_annotated() -> None:
    arguments = paint.check({"color": "blue", "when": "2026-02-03", "where": {"name": "Ulm"}, "pair": [3, 4]})
    said = await inside(lambda ctx: paint.call(arguments, ctx))
    assert said == "Ulm BLUE 2026-02-03 4 tool paint_it"


async def test_an_async_function_gets_the_context_of_its_caller() -> None:
    found = await inside(lambda ctx: search.call({"query": "fees", "limit": 1}, ctx))
    assert found == ["fees 0 None"]


def test_arguments_that_do_not_fit_are_named_one_by_one() -> None:
    with pytest.raises(BadArguments) as refused:
        search.check({"limit": "many", "deep": True})
    text = str(refused.value)
    assert "query: is missing" in text
    assert "limit: Input should be a valid integer" in text
    assert '"many"' in text
    assert "deep: there is no such argument" in text


@pytest.mark.parametrize("wrong", [{"query": 3}, {"query": "a", "limit": "3"}, {"query": "a", "limit": True}])
def test_arguments_are_not_bent_to_their_type(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadArguments):
        search.check(wrong)


def test_a_decorated_function_can_still_be_called() -> None:
    assert paint.function is not None
    assert paint(Color.RED, datetime.date(2026, 1, 1), Place(name="Ulm")).startswith("Ulm RED")
    assert paint.__doc__ is not None


def test_parameters_may_have_names_that_models_keep_for_themselves() -> None:
    @tool
    def odd(schema: int, _id: str, model_config: int = 1, copy: bool = False) -> str:
        """Odd names."""
        return f"{schema} {_id} {model_config} {copy}"

    assert list(odd.spec.parameters["properties"]) == ["schema", "_id", "model_config", "copy"]
    assert odd.check({"schema": 1, "_id": "x"})["_id"] == "x"


async def test_positional_only_parameters_are_given_by_position() -> None:
    @tool
    async def minus(a: int, b: int, /, c: int = 0) -> int:
        """a - b - c"""
        return a - b - c

    assert await inside(lambda ctx: minus.call({"a": 5, "b": 2, "c": 1}, ctx)) == 2


class Shop:
    def __init__(self, stock: dict[str, int]) -> None:
        self.stock = stock

    async def count(self, item: str) -> int:
        """How many there are."""
        return self.stock[item]


async def test_a_method_of_an_object_can_be_a_tool() -> None:
    count = tool(Shop({"pen": 3}).count)
    assert count.spec.name == "count"
    assert await inside(lambda ctx: count.call({"item": "pen"}, ctx)) == 3


# -- definitions that cannot work ---------------------------------------------------------------------------


def no_annotation(a) -> int:  # type: ignore[no-untyped-def]
    """Said."""
    return 1


def stars(*args: int) -> int:
    """Said."""
    return 1


def keywords(**kwargs: int) -> int:
    """Said."""
    return 1


def no_docstring(a: int) -> int:
    return 1


def unserialisable(a: threading.Thread) -> int:
    """Said."""
    return 1


def no_schema(a: Annotated[Any, Field()] = None, b: type[int] = int) -> int:
    """Said."""
    return 1


def unseen(a: Missing) -> int:  # type: ignore[name-defined]  # noqa: F821
    """Said."""
    return 1


def misdescribed(query: str) -> int:
    """Said.

    Args:
        quary: misspelt.
    """
    return 1


async def yields(a: int) -> Any:
    """Said."""
    yield a


def two_contexts(a: shoal.Context, b: shoal.Context) -> int:
    """Said."""
    return 1


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (no_annotation, "annotate 'a'"),
        (stars, r"\*args"),
        (keywords, r"\*\*kwargs"),
        (no_docstring, "docstring"),
        (unserialisable, "none that JSON can carry"),
        (no_schema, "no JSON schema"),
        (unseen, "'Missing'"),
        (misdescribed, "'quary'"),
        (yields, "yields"),
        (two_contexts, "both take the context"),
        (Place, "is for functions"),
        (lambda a: a, "cannot name a tool"),
    ],
)
def test_a_function_that_cannot_work_is_refused_when_it_is_defined(function: Any, names: str) -> None:
    with pytest.raises(ConfigError, match=names):
        tool(function)


@pytest.mark.parametrize("settings", [{"timeout_s": 0}, {"timeout_s": -1.0}, {"accepts": 9}, {"typo": 1}])
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        tool(**settings)


# -- results ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [{1, 2}, object(), datetime.datetime.now(datetime.UTC), {"a": object()}])
async def test_a_result_that_is_no_message_fails_with_the_remedy(result: Any) -> None:
    @tool
    def odd() -> Any:
        """Odd."""
        return result

    async def use(ctx: shoal.Context) -> str:
        with pytest.raises(ToolFailed) as failed:
            await odd.call({}, ctx)
        return str(failed.value)

    text = await inside(use)
    assert "odd returned a" in text
    assert "Return a Pydantic model or plain values" in text


async def test_models_inside_lists_and_dicts_are_results_too() -> None:
    @tool
    def visits() -> dict[str, list[Visit]]:
        """Visits."""
        return {"found": [Visit(place="Ulm", on=datetime.date(2026, 2, 3))]}

    assert await inside(lambda ctx: visits.call({}, ctx)) == {"found": [{"place": "Ulm", "on": "2026-02-03"}]}


async def test_a_result_that_contains_itself_fails() -> None:
    @tool
    def circle() -> list[Any]:
        """Circle."""
        made: list[Any] = []
        made.append(made)
        return made

    async def use(ctx: shoal.Context) -> None:
        with pytest.raises(ToolFailed, match="circle returned a list"):
            await circle.call({}, ctx)

    await inside(use)


@pytest.mark.parametrize("raised", [SystemExit(3), StopIteration("x"), KeyboardInterrupt()])
async def test_a_sync_tool_that_ends_the_process_only_fails(raised: BaseException) -> None:
    @tool
    def leave() -> str:
        """Leave."""
        raise raised

    async def use(ctx: shoal.Context) -> str:
        with pytest.raises(RuntimeError) as failed:
            await leave.call({}, ctx)
        return str(failed.value)

    assert type(raised).__name__ in await inside(use)


async def test_an_async_tool_that_ends_the_process_only_fails() -> None:
    @tool
    async def leave() -> str:
        """Leave."""
        raise SystemExit(3)

    async def use(ctx: shoal.Context) -> str:
        with pytest.raises(ToolFailed) as failed:
            await leave.call({}, ctx)
        return str(failed.value)

    assert "wanted to end the process" in await inside(use)


# -- travelling ---------------------------------------------------------------------------------------------


def test_a_tool_of_a_module_pickles_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(search)) is search
    assert travelled(search) is search


def test_a_tool_made_inside_a_function_travels_with_what_it_is_made_of() -> None:
    factor = 3

    @tool(timeout_s=7, description="Multiply.")
    def times(place: Place, by: Annotated[int, Field(ge=1)] = 2) -> int:
        """Other words."""
        return by * factor

    come: FunctionTool = travelled(times)
    assert come.spec == times.spec
    assert come.policy.timeout_s == 7
    assert come(Place(name="a"), 5) == 15
    with pytest.raises(BadArguments):
        come.check({"place": {"name": "a"}, "by": 0})


def test_a_plain_function_that_is_made_a_tool_under_another_name_travels() -> None:
    made = tool(Shop({"pen": 1}).count, name="stock")
    come: FunctionTool = travelled(made)
    assert come.spec == made.spec
