"""What the benchmarks measure is what they say: a small network, held against the references."""

from __future__ import annotations

from dataclasses import replace

from test_shapes import shapes

from benchmarks.network import ROOT, network
from benchmarks.validation import closable, closure, damaged, validation
from ncpc_kg.closure import close, read_rules

COUNT = 21


def test_a_network_made_closed_is_the_network_closed() -> None:
    plain = network(COUNT)
    close(plain, read_rules(plain, ROOT))
    assert set(plain.quads()) == set(network(COUNT, closed=True).quads())


def test_every_result_on_a_damaged_network_is_that_of_pyshacl() -> None:
    _, results = validation(damaged(network(COUNT)), shapes(), alone=False)
    assert results > 50


def test_every_inference_on_a_damaged_network_is_that_of_owlrl() -> None:
    dataset = damaged(network(COUNT))
    rules = replace(read_rules(dataset, ROOT), disjoint=())
    _, statements = closure(closable(dataset, rules), rules, alone=False)
    assert statements > 500
