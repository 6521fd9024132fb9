"""The NCPC programme of 1998 as a knowledge graph with a SPARQL endpoint."""

__version__ = "0.1.0"
