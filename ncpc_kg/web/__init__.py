"""The HTTP layer: `create_app` makes the application, `serve` runs it.

A request's way, from socket to answer:

1. `server` hands it to `front`: id, log, figures, health, cache; plain SPARQL may take the `shortcut`.
2. `app` (behind proxies with `prefix`) finds the route: pages in `routes`, things and questions in
   `linked_data`, entries in `entries`. An error that no route foresaw becomes a problem document there.
3. `transport` makes an `Exchange` of it and sends the `Reply`; `reading` is what read-only answers share.
4. An endpoint answers: `sparql`, `graph_store`, `resources`, `documents`, `dataset`, `questions`, `browse`.
   It reads `protocol` parameters, chooses among `forms`, and awaits the `engines`.
5. The answer is data (`forms`, `tables`) or a page: `site` holds what `pages` and `views` fill `templates/`
   with, helped by `parts`, `words`, `chart`, `diagram` and `worldmap`.
6. Errors are `ncpc_kg.errors` all the way; `problems` tells them as JSON or as a page.

`context` is what resources share; `openapi` and `protocol_document` describe it all for programs.
"""

from ncpc_kg.web.app import create_app
from ncpc_kg.web.server import check_port, serve

__all__ = ["check_port", "create_app", "serve"]
