"""What the errors of teams, agents and tools mean."""

from __future__ import annotations

from shoal.experiments.explaining.causes.cause import UNKNOWN, Category, Cause

_S, _M, _V, _L = Category.SPECIFICATION, Category.MISALIGNMENT, Category.VERIFICATION, Category.LIMITS
_I, _T = Category.INFRASTRUCTURE, Category.SETUP

ROWS: tuple[tuple[str, Cause], ...] = (
    (
        "TeamError",
        UNKNOWN._replace(why="The team could not do the task, and its error does not say in which way."),
    ),
    (
        "NoWorker",
        Cause(
            _S,
            "FM-1.2",
            "The router chose nobody for the message, or somebody who cannot take it.",
            "Describe the workers' roles more clearly to the router, or give a fallback.",
        ),
    ),
    (
        "BadSubtasks",
        Cause(
            _S,
            "FM-1.1",
            "The task was divided into subtasks that cannot be done: unknown workers, circles, too many.",
            "Tell the decomposer which workers there are and how many subtasks it may make.",
        ),
    ),
    (
        "GateRejected",
        Cause(
            _V,
            "",
            "A stage's answer did not pass its gate.",
            "Look at the gate's reason; tell the stage what the gate demands, or let it try again.",
        ),
    ),
    (
        "NotAccepted",
        Cause(
            _V,
            "",
            "No answer passed the checks or checkers in the rounds there were.",
            "Read the last objections; allow more rounds, give the maker the criteria, or ask "
            "whether the checkers are right.",
        ),
    ),
    (
        "HandoverRefused",
        Cause(
            _M,
            "FM-2.4",
            "A hand-over lacked what it needs, or led to nobody.",
            "Name in the agent's instructions whom it may hand over to, and which fields it has to fill.",
        ),
    ),
    (
        "HandoffLoop",
        Cause(
            _M,
            "FM-2.3",
            "The task was handed back and forth, or over more often than it may be.",
            "Look at the reasons along the path: two agents each hold the other responsible. Name a "
            "default agent.",
        ),
    ),
    (
        "ContextLost",
        Cause(
            _M,
            "FM-2.4",
            "A message lacks what the edge to a member declares that it needs.",
            "Let the sender's answer carry the fields that are named, or declare less on the edge.",
        ),
    ),
    (
        "SourcesMissing",
        Cause(
            _V,
            "FM-3.2",
            "An answer states something without saying where it is from, where sources are required.",
            "Ask for sources in the instructions, or give the agent a tool that finds them.",
        ),
    ),
    (
        "CheckFailed",
        Cause(
            _V,
            "",
            "The checker of an edge did not find an answer good.",
            "Read its reason; let the one who answers try again, or look at whether the check is right.",
        ),
    ),
    (
        "QuorumMissed",
        Cause(
            UNKNOWN.category,
            "",
            "Fewer members gave a usable answer than had to; why each did not is in the details.",
            "Look at why members are missing: `shoal why`. Late ones need more time, failed ones "
            "have errors of their own.",
        ),
    ),
    (
        "Undecided",
        Cause(
            _M,
            "",
            "Answers came and no one of them is the team's: a tie, no majority, or a contradiction.",
            "Add a member or a tie-break, or a judge who sees all answers.",
        ),
    ),
    (
        "NoWay",
        Cause(
            _S,
            "FM-1.1",
            "A node of a graph answered something for which no condition holds, or a condition raised.",
            "Give the node's answer a closed set of values, or the graph a default edge.",
        ),
    ),
    (
        "LoopLimit",
        Cause(
            _S,
            "FM-1.5",
            "A graph went round more often than it may: nothing told it that it was done.",
            "Make the condition that leaves the loop reachable, or raise the limit.",
        ),
    ),
    (
        "Unjoined",
        Cause(
            _T,
            "",
            "Branches of a graph did not come together as they should.",
            "Look at the graph's joins: `shoal topology show`.",
        ),
    ),
    (
        "NoChannel",
        Cause(
            _S,
            "FM-1.2",
            "A peer of a mesh spoke to somebody it has no channel to.",
            "Tell the peer whom it may speak to, or open the channel.",
        ),
    ),
    (
        "MessageLoop",
        Cause(
            _M,
            "FM-2.3",
            "A message of a mesh went back to where it was, or through too many peers.",
            "Look at who sends it on: nobody feels responsible for it.",
        ),
    ),
    (
        "ChannelBroken",
        Cause(
            UNKNOWN.category,
            "",
            "A channel of a mesh failed again and again and was left alone for a while.",
            "Look at the peer behind it: its own errors say why.",
        ),
    ),
    (
        "PeerFailed",
        Cause(
            UNKNOWN.category,
            "",
            "A peer of a mesh raised while it handled what was said to it; the text has its error.",
            "Look at that error.",
        ),
    ),
    (
        "TurnsSpent",
        Cause(
            _S,
            "FM-1.5",
            "No turn was left for what a peer wanted to say: the talk did not come to an end.",
            "Say when the talk is over (agreement, a signal), or allow more turns.",
        ),
    ),
    (
        "SummaryInvalid",
        Cause(
            _M,
            "FM-2.4",
            "What a branch was to say upwards is not what its level requires.",
            "Give the branch's lead the summary's fields in its instructions.",
        ),
    ),
    ("AgentLoopError", UNKNOWN._replace(why="The steps of an agent came to no answer.")),
    (
        "StepLimit",
        Cause(
            _S,
            "FM-1.5",
            "The agent used all its steps without coming to an answer.",
            "Say in its instructions when it is done; look at its steps: `shoal trace`. Or allow "
            "more of them.",
        ),
    ),
    (
        "Repetition",
        Cause(
            _S,
            "FM-1.3",
            "The agent repeated one step with the same result, again and again.",
            "Look at the tool's result: it does not tell the model what to do otherwise.",
        ),
    ),
    (
        "InputNeeded",
        Cause(
            _S,
            "",
            "The agent asked for something that the task does not say, and nobody answered.",
            "Put what it asks into the task, or give it somebody to ask.",
        ),
    ),
    (
        "AnswerRefused",
        Cause(
            _V,
            "",
            "Validators refused each answer that the agent was allowed.",
            "Read their last objections; tell the model what they demand.",
        ),
    ),
    ("ToolError", UNKNOWN._replace(why="A tool gave no result, and its error does not say why.")),
    (
        "ToolUnknown",
        Cause(
            _M,
            "FM-2.6",
            "The model called a tool that is not there.",
            "Name the tools in the instructions, or take a model that keeps to its tools.",
        ),
    ),
    (
        "ToolNotGranted",
        Cause(
            _S,
            "FM-1.2",
            "The agent called a tool that it was not granted.",
            "Grant it, or take it out of the agent's instructions.",
        ),
    ),
    (
        "BadArguments",
        Cause(
            _M,
            "FM-2.6",
            "The model called a tool with arguments that do not fit.",
            "Describe the tool's arguments better, or take a larger model.",
        ),
    ),
    (
        "OriginRefused",
        Cause(
            _S,
            "FM-1.2",
            "An argument came from a source that the tool does not accept.",
            "That is the guard against injected instructions: pass the value from a source the tool accepts.",
        ),
    ),
    (
        "ApprovalRefused",
        Cause(
            _S,
            "FM-1.2",
            "A person refused what the agent was about to do, or nobody said anything in time.",
            "Read the reason: `shoal approvals`. Give people more time where nobody answered.",
        ),
    ),
    (
        "ToolChanged",
        Cause(
            _T,
            "",
            "A server describes a tool otherwise than when it was approved.",
            "Look at the change and approve it.",
        ),
    ),
    (
        "ToolFailed",
        UNKNOWN._replace(why="A tool raised or took too long: it, or what it was asked, is at fault."),
    ),
    (
        "ApprovalError RequestUnknown RequestDecided DecisionUnfit RequestWithdrawn",
        Cause(
            _T,
            "",
            "A decision about an approval could not be taken.",
            "`shoal approvals` lists what is open.",
        ),
    ),
    (
        "RequestExpired",
        Cause(
            _L, "", "Nobody decided about an approval in time, which is a refusal.", "Give people more time."
        ),
    ),
    ("BoardError", UNKNOWN._replace(why="An operation on the board was refused, or its outcome is unknown.")),
    (
        "BoardRefused InvalidKey InvalidOperation ValueRefused RegionUnknown",
        Cause(
            _T,
            "",
            "An operation on the board was one that it does not take.",
            "The error names what to change.",
        ),
    ),
    (
        "SchemaRefused",
        Cause(
            _S,
            "FM-1.1",
            "What an agent wrote does not have the shape that its place on the board demands.",
            "Give the agent that shape as its output.",
        ),
    ),
    (
        "Conflict",
        Cause(
            _M,
            "FM-2.5",
            "Somebody else had written since the agent read: its write was refused.",
            "Read again and decide anew; let one agent own the key, or use work items.",
        ),
    ),
    (
        "NoSuchKey ItemState Compacted FutureRevision",
        Cause(
            _M,
            "",
            "The agent expected something on the board that is not, or no longer, there.",
            "Look at who wrote and deleted it: `shoal board history`.",
        ),
    ),
    (
        "NothingToClaim",
        Cause(
            _M,
            "",
            "There was no work to claim, and none came in time.",
            "Post work first, or wait for longer.",
        ),
    ),
    (
        "LeaseLost",
        Cause(
            _L,
            "",
            "An agent took longer than its claim lasted, and somebody else has the work.",
            "Give the claim a longer lease, or renew it.",
        ),
    ),
    (
        "RegionInUse RegionLost BoardUnavailable",
        Cause(
            _I,
            "",
            "The board could not be reached, or what it held in memory is gone.",
            "Open the region with durable=True; look at the board's restarts: `shoal show`.",
        ),
    ),
)
"""Names of errors, and what they mean."""
