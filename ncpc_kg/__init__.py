"""The NCPC programme of 1998 as a knowledge graph with a SPARQL endpoint."""
