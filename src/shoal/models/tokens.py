"""How many tokens a text is, without its tokenizer: nothing is downloaded, and it costs microseconds.

Two figures. An *estimate* is the best guess, for accounts when the server does not say. A *bound* is reserved before
a call, and is meant to be too high.

The text's UTF-8 bytes are put into classes (small letters, capitals, digits, space, line breaks, other ASCII, and the
lengths of other characters), and tokens are counted by class. What the bound rests on: a byte-level tokenizer makes at
most one token of a byte, so that capitals, digits, punctuation, line breaks and all bytes beyond ASCII are counted as
one token each, which is the most they can be. Only two things are taken to be shorter than their bytes: a run of small
letters, two letters a token and at least one a run, and spaces, which belong to the word after them. So only a text
of small letters that are no words can have more tokens than its bound.

Measured against two tokenizers (Tekken, 131,072 tokens; a SentencePiece model of 32,768): estimates were 0.9 to 1.2
times the tokens of English, Python, JSON, Chinese and Japanese, 0.6 to 1.7 of German, Russian, Arabic and Hindi, and
0.45 of random digits, which are a token each there. Bounds were 1.9 to 2.5 times English, Python and JSON, 1.0 to 1.2
of digits, base64 and hexadecimal, up to 6 beyond Latin script; of random small letters 0.85.
"""

from __future__ import annotations

import json

from shoal.models.chat import ChatMessage, ChatRequest, ChatResponse, ToolCall, ToolSpec, Usage

_MESSAGE = 4
"""Tokens of a chat template around a message: its marks, its role, a line break."""
_ANSWER = 3
"""Those that open the answer."""
_BOUND_MESSAGE = 10
_BOUND_TEMPLATE = 100
"""What a template adds by itself, as a system message of its own with a date (Llama 3: 40, SmolLM2: 25)."""
_BOUND_TOOLS = 400
"""The text by which templates explain tool calls (Hermes and Qwen: 150 to 250)."""


def _classes() -> bytes:
    table = bytearray(b"." * 256)
    for byte in range(256):
        if ord("a") <= byte <= ord("z"):
            table[byte] = ord("a")
        elif ord("A") <= byte <= ord("Z"):
            table[byte] = ord("A")
        elif ord("0") <= byte <= ord("9"):
            table[byte] = ord("0")
        elif byte == ord(" "):
            table[byte] = ord(" ")
        elif byte in b"\n\r\t":
            table[byte] = ord("n")
        elif byte >= 0x80:
            table[byte] = ord("-" if byte < 0xC0 else "2" if byte < 0xE0 else "3" if byte < 0xF0 else "4")
    return bytes(table)


_CLASSES = _classes()
_OTHERS = (b"A", b"0", b" ", b"n", b".", b"-")


def estimate_text(text: str) -> int:
    """The best guess of a text's tokens."""
    if not text:
        return 0
    marks = text.encode("utf-8", "surrogatepass").translate(_CLASSES)
    count = marks.count
    runs = _runs(marks)
    tokens = (
        runs  # a word is a token,
        + max(0, count(b"a") - 5 * runs) / 4  # a long one more than one
        + count(b"A") / 3
        + count(b"0") / 2
        + count(b".") * 0.8
        + count(b"n") / 2
        + count(b"  ") / 4
        + count(b"2") * 0.6  # Latin with accents, Greek, Cyrillic
        + count(b"3") * 0.9  # Chinese, Japanese, Korean
        + count(b"4") * 2  # emoji
    )
    return max(1, round(tokens))


def bound_text(text: str) -> int:
    """As many tokens as a text can be taken to have at most; see the module for what that rests on."""
    marks = text.encode("utf-8", "surrogatepass").translate(_CLASSES)
    count = marks.count
    small, spaces = count(b"a"), count(b" ")
    in_runs = (small + _runs(marks) + 1) // 2
    # A space before a digit or a character beyond ASCII is a token of its own in some vocabularies.
    lone = sum(count(b" " + after) for after in (b"0", b"2", b"3", b"4"))
    return len(marks) - small - spaces + in_runs + count(b"  ") + lone


def _runs(marks: bytes) -> int:
    """Runs of small letters."""
    return sum(marks.count(other + b"a") for other in _OTHERS) + marks.startswith(b"a")


def estimate_input(request: ChatRequest) -> int:
    """The best guess of a request's tokens: messages, tools, the output schema, and what templates put around them."""
    tokens = _ANSWER + sum(estimate_message(message) for message in request.messages)
    tokens += sum(estimate_text(_tool_text(tool)) + 8 for tool in request.tools)
    if request.output is not None:
        tokens += estimate_text(_compact(request.output.json_schema))
    return tokens


def bound_input(request: ChatRequest) -> int:
    """As many tokens as a request can be taken to have at most: what is reserved before it is sent."""
    tokens = _BOUND_TEMPLATE + (_BOUND_TOOLS if request.tools else 0)
    for message in request.messages:
        tokens += _BOUND_MESSAGE + sum(bound_text(text) for text in _texts(message))
    tokens += sum(bound_text(_tool_text(tool)) + 32 for tool in request.tools)
    if request.output is not None:
        # Schema modes send it as a parameter, the others in the prompt, with a sentence about it.
        tokens += bound_text(_compact(request.output.json_schema)) + 100
    return tokens


def estimate_message(message: ChatMessage) -> int:
    """The best guess of one message's tokens in a conversation."""
    return _MESSAGE + sum(estimate_text(text) for text in _texts(message))


def estimate_output(text: str, tool_calls: tuple[ToolCall, ...] = ()) -> int:
    """The best guess of an answer's tokens."""
    return estimate_text(text) + sum(
        4 + estimate_text(c.name) + estimate_text(c.arguments) for c in tool_calls
    )


def estimate_usage(request: ChatRequest, response: ChatResponse) -> Usage:
    """What a call took, where the server does not say; marked as estimated."""
    return Usage(
        input_tokens=estimate_input(request),
        output_tokens=estimate_output(response.text, response.tool_calls),
        estimated=True,
    )


def _texts(message: ChatMessage) -> list[str]:
    texts = [message.text, message.tool_call_id] if message.tool_call_id else [message.text]
    for call in message.tool_calls:
        texts += (call.id, call.name, call.arguments)
    return texts


def _tool_text(tool: ToolSpec) -> str:
    return f"{tool.name} {tool.description} {_compact(tool.parameters)}"


def _compact(schema: object) -> str:
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False, default=str)
