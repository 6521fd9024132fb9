"""The whole site, link by link: whatever a page links to on this site answers."""

from __future__ import annotations

import http.client
import re
from collections import deque
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

pytestmark = pytest.mark.browser

_LINK = re.compile(r"<(?:a|link|script|img|use)\b[^>]*?\s(?:href|src)=\"([^\"]*)\"")
_ID = re.compile(r"\sid=\"([^\"]*)\"")
_DATA = re.compile(r"\.(?:ttl|nt|jsonld|rdf|json|csv|tsv|xlsx|srj|rq|nq|trig)$")
# Parts of these documents are nodes of the data alone; the document about them answers.
DATA_ONLY = ("/dataset", "/questions")
# Each thing has the same forms of data; of so many things those are looked at.
_DATA_CHECKED = 40


class Crawler:
    """Follows every link of the site once, over one connection."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=60)
        self.statuses: dict[str, int] = {}
        self.ids: dict[str, set[str]] = {}
        self.fragments: dict[tuple[str, str], str] = {}
        self.from_page: dict[str, str] = {}
        self.landed: dict[str, str] = {}
        self.data_checked = 0
        self.pages = 0

    def get(self, path: str) -> tuple[int, str, str]:
        self.connection.request("GET", path, headers={"accept": "text/html,*/*;q=0.1"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status in (301, 302, 303, 307, 308):
            return response.status, "", response.getheader("location", "")
        kind = response.getheader("content-type", "")
        return response.status, body.decode("utf-8") if "text/html" in kind else "", ""

    def run(self) -> None:
        queue = deque(["/"])
        seen = {"/"}
        while queue:
            path = queue.popleft()
            if _DATA.search(urlsplit(path).path):
                if self.data_checked >= _DATA_CHECKED and path.startswith(("/id/", "/code/", "/source/")):
                    continue
                self.data_checked += 1
            status, text, location = self.get(path)
            self.statuses[path] = status
            if location:
                target = self.path_of(path, location)
                self.landed[path] = target or ""
                links = [location]
            else:
                self.pages += bool(text)
                self.ids[path] = set(map(unescape, _ID.findall(text)))
                links = [unescape(link) for link in _LINK.findall(text)]
            for link in links:
                whole, fragment = urldefrag(link)
                target = self.path_of(path, whole) if whole else path
                if target is None:
                    continue
                if fragment:
                    self.fragments.setdefault((target, fragment), path)
                if target not in seen:
                    seen.add(target)
                    self.from_page[target] = path
                    queue.append(target)

    def path_of(self, page: str, link: str) -> str | None:
        parts = urlsplit(urljoin(self.site + page, link))
        if f"{parts.scheme}://{parts.netloc}" != self.site:
            return None
        return parts.path + (f"?{parts.query}" if parts.query else "")


def test_no_link_of_the_site_is_dead(site: str) -> None:
    crawler = Crawler(site)

    crawler.run()

    dead = {
        f"{path} ({status}), linked from {crawler.from_page.get(path)}"
        for path, status in crawler.statuses.items()
        if status not in (200, 303)
    }
    missing = {
        f"{path}#{fragment}, linked from {page}"
        for (path, fragment), page in crawler.fragments.items()
        if fragment not in crawler.ids.get(crawler.landed.get(path, path), set()) and path not in DATA_ONLY
    }
    assert crawler.pages > 3000
    assert dead == set()
    assert missing == set()
