"""Limits from the environment."""

from __future__ import annotations

import pytest

from ncpc_kg.errors import ParameterError
from ncpc_kg.settings import Limits, limits_from


def test_the_environment_overrules_the_limits() -> None:
    found = limits_from({"NCPC_KG_LIMIT_SECONDS": "5", "NCPC_KG_LIMIT_MEMORY_MB": "100", "OTHER": "x"})
    assert found == Limits(seconds=5, memory_bytes=100 * 1024**2)
    assert limits_from({}, found) is not None
    assert limits_from({}, found) == found


@pytest.mark.parametrize("text", ["", "0", "-1", "many", "1.5"])
def test_what_is_no_limit_is_told(text: str) -> None:
    with pytest.raises(ParameterError, match="NCPC_KG_LIMIT_WORKERS"):
        limits_from({"NCPC_KG_LIMIT_WORKERS": text})


def test_large_graphs_get_fewer_workers() -> None:
    limits = Limits(workers=2, long_queries=8)
    gigabyte = 1024**3
    assert limits.most_workers(gigabyte // 3, 24 * gigabyte) == 10
    assert limits.most_workers(4 * gigabyte, 24 * gigabyte) == 3
    assert limits.most_workers(20 * gigabyte, 24 * gigabyte) == 2
    assert limits.most_workers(0) == 10
