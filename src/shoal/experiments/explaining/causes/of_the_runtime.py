"""What the errors of the runtime, its stores and its runs mean."""

from __future__ import annotations

from shoal.experiments.explaining.causes.cause import UNKNOWN, Category, Cause

_S, _M, _L, _I, _T = (
    Category.SPECIFICATION, Category.MISALIGNMENT, Category.LIMITS, Category.INFRASTRUCTURE, Category.SETUP,
)  # fmt: skip

ROWS: tuple[tuple[str, Cause], ...] = (
    ("ShoalError HandlerError", UNKNOWN),
    (
        "ConfigError StartError SpawnError NameTaken AgentStartFailed RequestRefused",
        Cause(
            _T,
            "",
            "A setting, a name, or an agent's constructor or on_start cannot work as it is.",
            "The error names it; nothing of the task was done.",
        ),
    ),
    (
        "MessageError NotAMessage MessageTooLarge MessageTooDeep",
        Cause(
            _T,
            "",
            "A value was sent that is no message, or too large for one.",
            "Send a Pydantic model or plain data; put large data on the board.",
        ),
    ),
    (
        "UnknownMessage",
        Cause(
            _M,
            "FM-2.3",
            "An agent was sent a message that it has no handler for.",
            "Look at who sent it: the two do not agree on what the recipient does. `shoal topology "
            "show` checks the wiring.",
        ),
    ),
    (
        "InvalidMessage",
        Cause(
            _M,
            "FM-2.4",
            "A message did not fit its model: fields were missing or of the wrong type.",
            "Let the sender fill the fields that the text names; check that both run the same code.",
        ),
    ),
    (
        "ProtocolError DeadIncarnation",
        Cause(
            _I,
            "",
            "What came over a connection was no frame of this protocol, or of a process that had "
            "been given up.",
            "Check that all nodes run one version.",
        ),
    ),
    (
        "DeliveryError Refused UnknownOutcome",
        UNKNOWN._replace(category=_I, why="A message did not end in a handler's success."),
    ),
    (
        "AgentNotFound",
        Cause(
            _T,
            "",
            "A message went to an agent that does not exist.",
            "Check the address, and that it was started.",
        ),
    ),
    (
        "AgentStopped SystemClosed",
        Cause(_I, "", "The agent or the system had been stopped.", "`shoal show` says by whom and why."),
    ),
    (
        "MailboxFull",
        Cause(
            _L,
            "",
            "A mailbox was full, and its policy is to refuse.",
            "Make the agent faster or more of them, its mailbox larger, or let senders wait.",
        ),
    ),
    (
        "Expired AskTimeout",
        Cause(
            _L,
            "",
            "No answer came in the time there was.",
            "Allow more time, or look where it went: `shoal trace`.",
        ),
    ),
    (
        "Cancelled",
        Cause(
            _L,
            "",
            "Whoever asked did not want the answer any more.",
            "Mostly a time limit further up: `shoal trace`.",
        ),
    ),
    (
        "CircularAsk",
        Cause(
            _M,
            "FM-2.3",
            "Agents asked each other in a circle: each would have waited for the other.",
            "Break the circle that the text names: let one of them tell instead of ask.",
        ),
    ),
    (
        "HopLimit",
        Cause(
            _M,
            "FM-2.3",
            "A message was forwarded more often than it may be.",
            "Look at who sends it on: nobody keeps it.",
        ),
    ),
    (
        "AgentDied",
        Cause(
            _I,
            "",
            "An agent's process died for good while it had the task.",
            "`shoal show` says why: memory, a kill, a crash.",
        ),
    ),
    (
        "Quarantined",
        Cause(
            _I,
            "",
            "An agent's process died each of several times while it handled this message.",
            "The message itself is deadly to it: memory or a crash in native code.",
        ),
    ),
    (
        "HandlerTimeout",
        Cause(
            _L,
            "",
            "A handler ran past its limit and was cancelled.",
            "Raise handler_timeout_s, or look where it hangs.",
        ),
    ),
    (
        "StoreError Fenced StoreFull StoreBusy StoreUnreachable StoreNewer StoreBroken RecorderGone",
        Cause(
            _I,
            "",
            "What the run keeps on disk could not be read or written.",
            "The error names the file and the remedy.",
        ),
    ),
    (
        "EffectUnknown",
        Cause(
            _I,
            "",
            "An effect was begun before an agent died, and nobody knows whether it happened.",
            "Look at what it was to do, and record its outcome.",
        ),
    ),
    (
        "RunError RunExists RunNotFound RunInUse RunUnwritable RunNotResumable TaskConflict TaskUnknown",
        Cause(_T, "", "The run or the task could not be had as it was asked for.", "The error names it."),
    ),
    (
        "ExperimentError BadExperiment BadWorkload NotAnExperiment NothingToCompare Diverged "
        "OtelMissing ExportFailed",
        Cause(
            _T, "", "The experiment could not be had as it was asked for.", "The error names what to change."
        ),
    ),
)
"""Names of errors, and what they mean."""
