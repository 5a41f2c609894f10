"""What the errors of model calls and of local models mean."""

from __future__ import annotations

from shoal.experiments.explaining.causes.cause import UNKNOWN, Category, Cause

_S, _L, _I, _T, _MODEL = (
    Category.SPECIFICATION, Category.LIMITS, Category.INFRASTRUCTURE, Category.SETUP, Category.MODEL,
)  # fmt: skip

ROWS: tuple[tuple[str, Cause], ...] = (
    (
        "ModelError",
        UNKNOWN._replace(category=_MODEL, why="A model call gave no answer; the text says how it ended."),
    ),
    (
        "ModelUnavailable CircuitOpen",
        Cause(
            _MODEL,
            "",
            "The model's endpoint could not be reached, or failed so often that it was left alone.",
            "Look at the endpoint; add a fallback model.",
        ),
    ),
    (
        "ModelTimeout",
        Cause(
            _MODEL,
            "",
            "The model did not answer in time.",
            "Allow more time, lower the concurrency, or take a faster model.",
        ),
    ),
    (
        "RateLimited",
        Cause(
            _L,
            "",
            "The server wants fewer requests or tokens.",
            "Set limits (rpm, tpm) to what the server allows.",
        ),
    ),
    (
        "ModelMalformed",
        Cause(
            _MODEL,
            "",
            "What the model's server sent is no answer.",
            "Look at the server; a proxy in between may answer instead.",
        ),
    ),
    (
        "ModelRejected",
        Cause(
            _T,
            "",
            "The server will never take this call: a wrong key, an unknown model, a bad parameter.",
            "The text says what to change.",
        ),
    ),
    (
        "ContextTooLong",
        Cause(
            _MODEL,
            "",
            "The conversation does not fit into the model's context.",
            "Shorten what agents are given, let them summarise, or take a model with a longer context.",
        ),
    ),
    (
        "KeyMissing",
        Cause(
            _T,
            "",
            "There is no key for the endpoint where the model was called.",
            "Set the variable that is named, and hand it on to the nodes.",
        ),
    ),
    (
        "ModelRefused",
        Cause(
            _MODEL,
            "",
            "The model, or a filter before or behind it, declined to answer.",
            "Look at the prompt; take another model as fallback.",
        ),
    ),
    (
        "OutputInvalid",
        Cause(
            _S,
            "FM-1.1",
            "The model's answer did not have the shape asked for, nor did its repairs.",
            "Make the shape simpler, show an example, or take a model that knows structured output.",
        ),
    ),
    (
        "NoModelLeft",
        Cause(
            _MODEL,
            "",
            "Each model of a fallback chain failed; the details say how, one by one.",
            "Look at the first one's error.",
        ),
    ),
    (
        "NotRecorded",
        Cause(
            _T,
            "",
            "A replay has no answer to this request: the code or the conversation is another one.",
            "Replay with the code that the run was made with.",
        ),
    ),
    (
        "LimitError",
        Cause(_L, "", "A limit of this run kept a model call from being made.", "Raise the limit named."),
    ),
    (
        "BudgetExceeded",
        Cause(
            _L,
            "",
            "What a model call may cost did not fit into what was left of a budget.",
            "Raise the budget that is named, or look at what used it up: `shoal cost`.",
        ),
    ),
    (
        "LimiterUnavailable",
        Cause(
            _I,
            "",
            "The limiter could not be reached, so that no model call was made.",
            "`shoal show` tells why it was away.",
        ),
    ),
    (
        "LocalModelError EngineMissing ModelFileError ModelFileMissing NotGguf HashMismatch "
        "FetchFailed PipMissing "
        "IndexUnreachable NotInIndex",
        Cause(
            _T, "", "A local model could not be had as it was asked for.", "The error names what is missing."
        ),
    ),
    (
        "DiskFull NotEnoughMemory PortInUse ServerFailed ServedElsewhere",
        Cause(
            _I,
            "",
            "A local model's server did not come up, or ended.",
            "The error names the resource; the log is in its details.",
        ),
    ),
)
"""Names of errors, and what they mean."""
