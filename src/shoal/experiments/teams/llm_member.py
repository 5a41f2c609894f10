"""Makes a member of ``llm:``: an agent that a language model speaks for."""

from __future__ import annotations

import re
from typing import Any

from shoal.actors.llm import LLMAgent
from shoal.actors.llm.instructions import Instructions
from shoal.actors.llm.memory import Summary, TypedContext, Whole
from shoal.actors.llm.plan import PERSON
from shoal.actors.llm.votes import Votes as AgentVotes
from shoal.actors.tools.toolbox import toolbox
from shoal.experiments.teams.llm import LLMSpec, MemorySpec, VotesSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.words import is_import_path
from shoal.experiments.teams.workbench import UNMADE, Workbench, inside
from shoal.runtime.config import Overflow
from shoal.runtime.errors import ConfigError

AS_THEY_ARE = (
    "max_steps", "parallel_tools", "repetition", "on_repetition", "repairs", "conversation", "need_input",
    "need_input_s", "approval_s", "priority", "partial", "cache", "temperature", "max_output_tokens", "seed",
    "concurrency", "mailbox", "handler_timeout_s", "on_error", "retries", "capabilities",
)  # fmt: skip
"""Options that the agent takes as the file has them."""
_LIKE_THE_AGENT = re.compile(r"[^\w.-]+")


def make_llm(spec: LLMSpec, field: str, bench: Workbench, place: Place) -> Any:
    """``field``: of the member; its options stand under ``llm`` in it."""
    at = inside(field, "llm")
    options = _options(spec, at, bench)
    takes, answers = bench.shape(spec.input, f"{at}.input"), bench.shape(spec.output, f"{at}.output")
    bench.check_model(spec.model, f"{at}.model")
    if bench.is_broken(at):
        return UNMADE
    takes = takes if takes is not None else place.takes if place.takes is not None else str
    answers = answers if answers is not None else place.answers if place.answers is not None else str
    name = spec.name or called(field)
    try:
        return LLMAgent(spec.model, input=takes, output=answers, name=name, **options)
    except ConfigError as exc:
        return bench.problem(_field_of(exc.text, at, spec), f"the agent cannot be made: {exc.text}")


def called(field: str) -> str:
    """What a member is called in figures: the last word of its field that is no number."""
    words = [part for part in field.split(".") if not part.isdecimal()]
    last = field.rpartition(".")[2]
    name = words[-1] if words else "llm"
    return f"{name}-{int(last) + 1}" if last.isdecimal() else _LIKE_THE_AGENT.sub("-", name) or "llm"


def _options(spec: LLMSpec, at: str, bench: Workbench) -> dict[str, Any]:
    given = {name: getattr(spec, name) for name in AS_THEY_ARE if name in spec.model_fields_set}
    for name in ("budget", "per_task"):
        budget = getattr(spec, name)
        if budget is not None:
            given[name] = budget.budget()
    if spec.memory is not None:
        given["memory"] = _memory(spec.memory, f"{at}.memory", bench)
    if spec.votes is not None:
        given["votes"] = _votes(spec.votes, f"{at}.votes", bench)
    if isinstance(given.get("cache"), str) and given["cache"] != "run":
        given["cache"] = str(bench.imports.folder / given["cache"])
    return given | {
        **_texts(spec, at, bench),
        "fallback": [_fallback(one, f"{at}.fallback.{i}", bench) for i, one in enumerate(spec.fallback)],
        "tools": [tool for i, one in enumerate(spec.tools) for tool in _tools(one, f"{at}.tools.{i}", bench)],
        "validators": [bench.called(one, f"{at}.validators.{i}") for i, one in enumerate(spec.validators)],
        "overflow": Overflow(spec.overflow),
    }


def _texts(spec: LLMSpec, at: str, bench: Workbench) -> dict[str, Any]:
    """Instructions and prompt. A prompt that takes nothing of the task would keep it from the model: it is an
    instruction."""
    instructions, prompt = (
        bench.text(spec.instructions, f"{at}.instructions"),
        bench.text(spec.prompt, f"{at}.prompt"),
    )
    if not isinstance(prompt, str) or not _is_fixed(prompt):
        return {"instructions": instructions, "prompt": prompt}
    return {"instructions": "\n\n".join(filter(None, (instructions, prompt))), "prompt": None}


def _is_fixed(prompt: str) -> bool:
    try:
        return Instructions(prompt, "the prompt").is_fixed
    except ConfigError:
        return False  # the agent says what is wrong with it


def _fallback(name: str, field: str, bench: Workbench) -> Any:
    if name == PERSON:
        return name
    if is_import_path(name):
        return bench.function(name, field)
    bench.check_model(name, field)
    return name


def _memory(spec: MemorySpec, field: str, bench: Workbench) -> Any:
    if spec.typed is not None:
        model = bench.model(spec.typed, f"{field}.typed")
        return model if model is UNMADE else TypedContext(model=model, conversations=spec.conversations)
    if spec.summary is not None:
        return Summary(tokens=spec.summary, conversations=spec.conversations)
    return Whole(conversations=spec.conversations)


def _votes(spec: VotesSpec, field: str, bench: Workbench) -> Any:
    needed = spec.of // 2 + 1 if spec.needed is None else spec.needed
    if needed > spec.of:
        return bench.problem(f"{field}.needed", f"{needed} votes are needed, and it is asked {spec.of} times")
    return AgentVotes(of=spec.of, needed=needed, by=spec.by)


def _tools(spec: Any, field: str, bench: Workbench) -> list[Any]:
    """What is found; what makes tools may make several."""
    found = bench.called(spec, field)
    if found is UNMADE:
        return []
    tools = list(found) if isinstance(found, list | tuple) else [found]
    try:
        toolbox(tools)
    except ConfigError as exc:
        bench.problem(field, f"this is no tool: {exc.text}")
    return tools


def _field_of(said: str, at: str, spec: LLMSpec) -> str:
    """The option that an error is about, as far as it names one."""
    for name in ("instructions", "prompt"):
        if f"the {name}" in said:
            return f"{at}.{name}"
    named = [name for name in spec.model_fields_set if re.search(rf"\b{name}\b(=| is\b)", said)]
    return f"{at}.{named[0]}" if named else at
