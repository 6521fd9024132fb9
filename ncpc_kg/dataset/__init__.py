"""The dataset as a whole: what it is (DCAT 3, VoID), how large it is, and its dumps."""

from __future__ import annotations

from ncpc_kg.dataset.about import About, read_about
from ncpc_kg.dataset.dumps import FORMATS, Dump, DumpFormat, dump_query, make_dump
from ncpc_kg.dataset.record import Distribution, built_record, record
from ncpc_kg.dataset.statistics import Statistics, read_statistics, statistics_queries

__all__ = [
    "FORMATS", "About", "Distribution", "Dump", "DumpFormat", "Statistics", "built_record", "dump_query",
    "make_dump", "read_about", "read_statistics", "record", "statistics_queries",
]  # fmt: skip
