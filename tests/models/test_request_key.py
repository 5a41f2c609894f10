from __future__ import annotations

import subprocess
import sys

from shoal.models.chat import ChatMessage, ChatRequest, Role, ToolSpec
from shoal.models.request_key import request_key

REQUEST = ChatRequest(messages=(ChatMessage(role=Role.USER, text="grüße 😀"),), temperature=0.5)


def test_the_key_is_the_same_in_every_process_and_on_every_day() -> None:
    program = (
        "from shoal.models.chat import *; from shoal.models.request_key import request_key;"
        "m = ChatMessage(role=Role.USER, text='gr\\u00fc\\u00dfe \\U0001F600');"
        "r = ChatRequest(messages=(m,), temperature=0.5);"
        "print(request_key('m', r))"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == request_key("m", REQUEST) == "42b2b598dbfde85f05babd5339b025d454585531"


def test_whatever_is_asked_otherwise_has_another_key() -> None:
    changes: list[dict[str, object]] = [
        {"temperature": 0.6},
        {"seed": 1},
        {"stop": ("x",)},
        {"tools": (ToolSpec(name="t"),)},
        {"messages": (*REQUEST.messages, *REQUEST.messages)},
        {"parallel_tool_calls": False},
    ]
    keys = {request_key("m", REQUEST.model_copy(update=change)) for change in changes}
    assert len(keys | {request_key("m", REQUEST), request_key("other", REQUEST)}) == len(changes) + 2


def test_the_order_of_a_schemas_fields_does_not_matter_and_a_field_s_default_is_as_nothing() -> None:
    one = ToolSpec(name="t", parameters={"type": "object", "properties": {"a": {}, "b": {}}})
    two = ToolSpec(name="t", parameters={"properties": {"b": {}, "a": {}}, "type": "object"})
    keys = {request_key("m", REQUEST.model_copy(update={"tools": (tool,)})) for tool in (one, two)}
    assert len(keys) == 1
    assert request_key("m", REQUEST.model_copy(update={"tool_choice": "auto"})) == request_key("m", REQUEST)
