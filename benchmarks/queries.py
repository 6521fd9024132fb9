"""The mix: cheap look-ups and heavy questions over the benchmark's network.

`{n}` stands for the number of a centre. `SERIAL`, in a comment, is different in every request,
so that no reply can come from a cache.
"""

from __future__ import annotations

from ncpc_kg.vocabulary import BASE

PREFIXES = f"""PREFIX ncpc: <{BASE}ontology#>
PREFIX id: <{BASE}id/>
PREFIX code: <{BASE}code/>
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""

LOOKUPS = {
    "centre": "SELECT ?p ?o { id:centre-{n} ?p ?o }",
    "counterparts": (
        "SELECT ?name { ?a ncpc:concerns id:centre-{n} ; ncpc:hasCounterpart ?c . ?c rdfs:label ?name }"
    ),
    "indicators": (
        "SELECT ?indicator ?value { ?c ncpc:refUnit id:centre-{n} ; ncpc:indicator ?indicator "
        "OPTIONAL { ?c ncpc:countValue ?value } }"
    ),
}

HEAVY = {
    "join": (
        "SELECT (COUNT(*) AS ?n) { ?a a ncpc:CounterpartArrangement ; ncpc:concerns ?centre ; "
        "ncpc:hasCounterpart ?c . ?f a ncpc:Funding ; ncpc:concerns ?centre ; ncpc:hasDonor ?d } # SERIAL"
    ),
    "totals-by-donor": (
        "SELECT ?d (SUM(?v) AS ?total) { ?f ncpc:hasDonor ?d ; ncpc:concerns ?centre . "
        "?o ncpc:refUnit ?centre ; ncpc:countValue ?v } "
        "GROUP BY ?d ORDER BY DESC(?total) ?d LIMIT 20 # SERIAL"
    ),
    "optional": (
        "SELECT ?centre ?name ?host ?start { ?centre a ncpc:Centre ; rdfs:label ?name "
        "OPTIONAL { ?h ncpc:concerns ?centre ; ncpc:hasHost ?host } "
        "OPTIONAL { ?e ncpc:concerns ?centre ; ncpc:earliestDate ?start } } ORDER BY ?name LIMIT 100 # SERIAL"
    ),
    "path": (
        "SELECT ?top (COUNT(DISTINCT ?centre) AS ?n) { ?f ncpc:hasDonor ?d ; ncpc:concerns ?centre . "
        "?d org:subOrganizationOf* ?top } GROUP BY ?top ORDER BY DESC(?n) ?top LIMIT 20 # SERIAL"
    ),
    "contested": (
        "SELECT ?x ?fact ?place { ?x a ncpc:Discrepancy ; ncpc:involves ?fact . "
        "?fact ncpc:hasEvidence ?place . ?place ncpc:lineStart ?line } ORDER BY ?line LIMIT 200 # SERIAL"
    ),
}
