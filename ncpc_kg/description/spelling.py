"""The terms that a description looks for, as TSV spells them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ncpc_kg.vocabulary import PREFIXES

_SKOS, _DCT = PREFIXES["skos"], PREFIXES["dcterms"]
TYPE = f"<{PREFIXES['rdf']}type>"
LABEL, ALT, DEFINITION = f"<{_SKOS}prefLabel>", f"<{_SKOS}altLabel>", f"<{_SKOS}definition>"
TEXT, TITLE, IDENTIFIER = f"<{_DCT}description>", f"<{_DCT}title>", f"<{_DCT}identifier>"
FORM = f"<{PREFIXES['skosxl']}literalForm>"
DEPRECATED, ENDED = f"<{PREFIXES['owl']}deprecated>", f"<{PREFIXES['prov']}invalidatedAtTime>"
TOPIC = f"<{PREFIXES['foaf']}primaryTopic>"
REPLACED, CONTRIBUTOR, REASON = f"<{_DCT}isReplacedBy>", f"<{_DCT}contributor>", f"<{_SKOS}changeNote>"

# Properties that say in a few words what a fact without label is about, in this order.
_TELLING = (
    "ncpc:hasHost", "ncpc:hasCounterpart", "ncpc:hasDonor", "org:member", "ncpc:hasParty", "org:role",
    "ncpc:indicator", "ncpc:kind", "ncpc:printedNumber", "ncpc:usesMethodology", "dcterms:identifier",
    "schema:email",
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """The terms of our own ontology, under the base of a graph.

    Attributes:
        evidence: Leads to the passages something rests on.
        contested: Leads to contradictions.
        property_evidence: Leads to the evidence of single properties.
        on_property: Names the property that such evidence is for.
        concerns: Ties a fact to a thing, in the most general way.
        contradiction: The class of contradictions.
        telling: Properties that tell what a fact is about, the best first.
    """

    evidence: str
    contested: str
    property_evidence: str
    on_property: str
    concerns: str
    contradiction: str
    telling: tuple[str, ...]


@lru_cache(maxsize=8)
def terms_under(base: str) -> Terms:
    """The terms under a base.

    Args:
        base: Base IRI the graph is published under.
    """
    own = f"{base}ontology#"
    spaces = {**PREFIXES, "ncpc": own}
    told = (one.partition(":") for one in _TELLING)
    return Terms(
        evidence=f"<{own}hasEvidence>",
        contested=f"<{own}isInvolvedIn>",
        property_evidence=f"<{own}hasPropertyEvidence>",
        on_property=f"<{own}onProperty>",
        concerns=f"<{own}concerns>",
        contradiction=f"<{own}Discrepancy>",
        telling=tuple(f"<{spaces[prefix]}{name}>" for prefix, _, name in told),
    )
