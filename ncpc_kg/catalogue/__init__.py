"""The catalogue of ready questions: `read_catalogue` once, then `bind` typed parameters as terms."""

from ncpc_kg.catalogue.question import Catalogue, Parameter, Question, bind, read_term
from ncpc_kg.catalogue.reading import read_catalogue, read_question

__all__ = ["Catalogue", "Parameter", "Question", "bind", "read_catalogue", "read_question", "read_term"]
