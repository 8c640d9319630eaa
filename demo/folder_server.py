"""Saved feeds of a folder on loopback, with the types and validators a web server would give them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from demo.loopback import LoopbackServer, Page, Request, Response, answer, plain

_SUFFIX_TYPES = {".json": "application/json", ".html": "text/html", ".htm": "text/html", ".txt": "text/plain"}
_FEED_SUFFIXES = frozenset({".xml", ".rss", ".rdf", ".atom"})
_ROOT_TYPES = {b"rss": "application/rss+xml", b"rdf": "application/rdf+xml", b"feed": "application/atom+xml"}
_ROOT = re.compile(rb"<([A-Za-z][\w.-]*)[\s>:/]")
_HEAD_BYTES = 4_096


class FolderServer(LoopbackServer):
    """Serves the files of ``folder`` (and its sub-folders), used as a context manager.

    Only files that exist when the server is made are served; their content is read anew for each request, so a
    file that is written again gets a new entity tag.

    Raises:
        NotADirectoryError: ``folder`` is no folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder; pass one with saved feeds")
        self._files = {
            f"/{path.relative_to(folder).as_posix()}": path for path in sorted(folder.rglob("*")) if path.is_file()
        }
        super().__init__(self._respond)

    def feed_urls(self) -> dict[str, str]:
        """Address of every feed file, by its name without suffix, in alphabetical order."""
        return {
            path.stem: self.url + quote(name)
            for name, path in self._files.items()
            if path.suffix.lower() in _FEED_SUFFIXES
        }

    def _respond(self, request: Request) -> Response:
        # A look-up, not a path join: no request can leave the folder.
        path = self._files.get(unquote(request.path))
        if path is None or not path.is_file():
            return plain(404, "no such file")
        body = path.read_bytes()
        modified_at = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
        return answer(request, Page(body, _content_type(path, body), modified_at))


def _content_type(path: Path, body: bytes) -> str:
    """Type by the root element for feeds, else by suffix; never a charset: the file speaks for itself."""
    suffix = path.suffix.lower()
    if suffix in _FEED_SUFFIXES:
        root = _ROOT.search(body[:_HEAD_BYTES])
        return _ROOT_TYPES.get(root[1].lower() if root else b"", "application/xml")
    return _SUFFIX_TYPES.get(suffix, "application/octet-stream")
