"""Steps of transactions, as the operations they stand for."""

from __future__ import annotations

import pytest

from shoal.blackboard.entry import encode_value
from shoal.blackboard.operations import Post
from shoal.blackboard.transactions import Do


@pytest.mark.parametrize("tags", ["slow", ["slow"], ("slow",)])
def test_one_tag_alone_is_a_tag_and_not_its_letters(tags: str | list[str]) -> None:
    assert Do.post("k", 1, tags=tags, depends_on="a/1", delay_s=2) == Post(
        "k", encode_value(1), 0, ("slow",), 2.0, 3, ("a/1",), 1.0
    )
