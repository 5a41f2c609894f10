"""What the kinds of trouble mean that a run's records show: the same words as for errors."""

from __future__ import annotations

from shoal.experiments.explaining.causes.cause import UNKNOWN, Category, Cause

_S, _M, _V, _L, _I, _MODEL = (
    Category.SPECIFICATION, Category.MISALIGNMENT, Category.VERIFICATION, Category.LIMITS, Category.INFRASTRUCTURE,
    Category.MODEL,
)  # fmt: skip

KINDS: dict[str, Cause] = {
    "handler raised": UNKNOWN._replace(why="A handler raised; whoever asked got the error."),
    "handler ran too long": Cause(
        _L, "", "A handler ran past its limit and was cancelled.", "Look where it hangs: `shoal trace`."
    ),
    "handled at another try": Cause(
        _I, "", "A handler raised and succeeded when it was tried again.", "Nothing, unless it is frequent."
    ),
    "dead letter": Cause(
        _I, "", "A message was not handled.", "Look at who sent it and why nobody took it: `shoal trace`."
    ),
    "dead letter: expired": Cause(
        _L,
        "",
        "A message's time was over before it was handled.",
        "Allow more time, or more agents that handle it.",
    ),
    "dead letter: cancelled": Cause(
        _L,
        "",
        "Nobody wanted the answer any more: mostly a member that was not waited for.",
        "Nothing, where that is meant.",
    ),
    "dead letter: overflow": Cause(_L, "", "A mailbox was full.", "More agents, or a larger mailbox."),
    "dead letter: unknown_message": Cause(
        _M,
        "FM-2.3",
        "An agent was sent what it has no handler for.",
        "`shoal topology show` checks the wiring.",
    ),
    "dead letter: invalid_message": Cause(
        _M, "FM-2.4", "A message lacked fields, or had them of the wrong type.", "Let its sender fill them."
    ),
    "dead letter: hop_limit": Cause(
        _M, "FM-2.3", "A message was sent on more often than it may be.", "Look at who does not keep it."
    ),
    "restart": Cause(
        _I,
        "",
        "An agent's process died and was started again; what it had was given to it once more.",
        "Nothing, unless it is frequent: `shoal show` says why.",
    ),
    "given up": Cause(
        _I, "", "An agent died too often and was not started again.", "`shoal show` has the chain of causes."
    ),
    "start failed": Cause(
        Category.SETUP, "", "An agent's constructor or on_start raised.", "Its reason names what to change."
    ),
    "late result": Cause(
        _I, "", "A task had a second result, which did not count.", "Nothing: the first one counts."
    ),
    "model": Cause(
        _MODEL, "", "A model call failed; another model or another try answered.", "Look at the endpoint."
    ),
    "model: rate_limited": Cause(
        _L, "", "The server wanted fewer requests.", "Set rpm and tpm to what it allows."
    ),
    "model: over_budget": Cause(
        _L, "", "A model call did not fit into the budget.", "`shoal cost` says what used it up."
    ),
    "model retried": Cause(
        _MODEL, "", "Requests to a model failed and were sent again.", "Look at the endpoint, or lower rates."
    ),
    "model fell back": Cause(
        _MODEL, "", "The first model failed and another one answered.", "Look at the first one."
    ),
    "tool": UNKNOWN._replace(why="A tool failed, and the model was told so."),
    "tool: ToolNotGranted": Cause(
        _S,
        "FM-1.2",
        "An agent called a tool that it may not use.",
        "Grant it, or take it out of the instructions.",
    ),
    "tool: ToolUnknown": Cause(
        _M, "FM-2.6", "A model called a tool that is not there.", "Name the tools in the instructions."
    ),
    "tool: BadArguments": Cause(
        _M,
        "FM-2.6",
        "A model called a tool with arguments that do not fit.",
        "Describe the arguments better.",
    ),
    "tool: ApprovalRefused": Cause(
        _S, "FM-1.2", "A person refused what an agent was about to do.", "`shoal approvals`."
    ),
    "board": Cause(
        _M, "", "An operation on the board was refused.", "`shoal board history` shows who was there before."
    ),
    "board: Conflict": Cause(
        _M,
        "FM-2.5",
        "Somebody else had written since the agent read.",
        "Let one agent own the key, or use work items.",
    ),
    "board: SchemaRefused": Cause(
        _S,
        "FM-1.1",
        "What an agent wrote does not have its place's shape.",
        "Give the agent that shape as its output.",
    ),
    "answer asked for again": Cause(
        _S,
        "FM-1.1",
        "A model's answer did not fit its shape or its validators, and was asked for again.",
        "Make the shape simpler, or say in the prompt what is demanded.",
    ),
    "step repeated": Cause(
        _S,
        "FM-1.3",
        "An agent called a tool with the same arguments at least three times for one task.",
        "Look at what the tool answers: it does not tell the model what to do otherwise.",
    ),
    "handed back": Cause(
        _M,
        "FM-2.3",
        "A task was handed straight back to who had handed it over.",
        "Say more clearly who does what.",
    ),
    "member without a usable answer": UNKNOWN._replace(
        why="A member's answer was missing: it failed, or came too late."
    ),
    "members disagreed": Cause(
        _M,
        "",
        "Members gave different answers, and a rule or a judge decided.",
        "Nothing, where that is what they are for.",
    ),
    "checker found good what a check refused": Cause(
        _V,
        "FM-3.3",
        "A checker passed an answer that a deterministic check refused.",
        "Give the checker evidence to ask for.",
    ),
    "answer given without being accepted": Cause(
        _V,
        "FM-3.1",
        "The last draft was given as the answer though nobody accepted it.",
        "More rounds, or on_fail='raise'.",
    ),
    "scorer failed": Cause(
        Category.SETUP,
        "",
        "The answer could not be judged: the scorer is wrong, not the answer.",
        "Mend the scorer, then `shoal resume`: it judges what has no score, and does no task again.",
    ),
    "judged wrong": UNKNOWN._replace(
        why="The answer was given as a good one, and the scorer judged it wrong: nothing in the run noticed.",
        remedy="Read some of them: `shoal why`. A check that notices makes it a failure that can be repaired.",
    ),
}
"""By the kind; of ``dead letter: expired`` the whole, else what stands before the colon."""
