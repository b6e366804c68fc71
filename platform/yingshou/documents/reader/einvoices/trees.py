"""
XML that nobody trusts, read as a stream of events: no tree is built, and nothing is expanded, fetched or nested without end.

What is wanted is named by its full path; each wanted value stands at most once, since a second one is how a forgery says two
things at a time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from lxml import etree

from yingshou.documents.reader.problem import Refused

LARGEST_XML = 2 * 1024 * 1024
DEEPEST = 64
MOST_ELEMENTS = 100_000
LONGEST_VALUE = 4_000
BLOCK = 64 * 1024
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,200}\?>")
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_DTD = re.compile(r"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_CHINESE = frozenset({"gb18030", "gbk", "gb2312"})


def text_of(content: bytes) -> str:
    """
    The text of an XML file without its declaration.

    :raises Refused: too large, another encoding, bytes that are not of the encoding, a document type declaration
    """
    if len(content) > LARGEST_XML:
        raise Refused("einvoice_too_large", limit=LARGEST_XML // 1024 // 1024)
    body = content.removeprefix(codecs.BOM_UTF8)
    named = _ENCODING.match(body.lstrip()[:400])
    encoding = named[1].decode("ascii").lower() if named else "utf-8"
    if encoding in _CHINESE:
        encoding = "gb18030"
    elif encoding not in {"utf-8", "utf8", "us-ascii"}:
        raise Refused("einvoice_encoding", encoding=encoding[:40])
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in body:
        raise Refused("einvoice_encoding", encoding="UTF-16")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("einvoice_encoding", encoding=encoding.upper()) from error
    if _DTD.search(text):
        raise Refused("einvoice_entities")
    return _DECLARATION.sub("", text, count=1)


@dataclass(slots=True)
class Wanted:
    """
    What to keep of a document.

    :ivar scalars: full path (local names, joined by a slash) to the name under which its text is kept; once in the document
    :ivar groups: full path of an element that may come again, to its name and its scalars by the path below it
    :ivar marks: path of an element whose presence alone matters
    :ivar joins: whether a value may come in several pieces, as the texts of a page do
    """

    scalars: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    joins: bool = False


@dataclass(slots=True)
class Found:
    """What a document holds of what is wanted."""

    root: str = ""
    namespace: str = ""
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)


class _Gatherer:
    """The target that the parser feeds with events."""

    def __init__(self, wanted: Mapping[str, Wanted]) -> None:
        self._by_root = wanted
        self._wanted = Wanted()
        self.found = Found()
        self._path: list[str] = []
        self._elements = 0
        self._group: tuple[int, dict[str, str], Mapping[str, str]] | None = None
        self._keep: tuple[int, dict[str, str], str] | None = None
        self._pieces: list[str] = []
        self._length = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise Refused("einvoice_elements", limit=MOST_ELEMENTS)
        if len(self._path) >= DEEPEST:
            raise Refused("einvoice_deep", limit=DEEPEST)
        namespace, _brace, local = tag.rpartition("}")
        if not self._path:
            self.found.root, self.found.namespace = local, namespace.lstrip("{")
            self._wanted = self._by_root.get(f"{self.found.namespace}|{local}", Wanted())
        self._path.append(local)
        path = "/".join(self._path[1:])
        if path in self._wanted.marks:
            self.found.marks.add(path)
        if path in self._wanted.scalars:
            self._begin(self.found.values, self._wanted.scalars[path], path)
        elif path in self._wanted.groups and self._group is None:
            name, inner = self._wanted.groups[path]
            item: dict[str, str] = {}
            self.found.lists.setdefault(name, []).append(item)
            self._group = (len(self._path), item, inner)
            if "" in inner:
                self._begin(item, inner[""], path)
            for attribute, value in attributes.items():
                if f"@{attribute}" in inner:
                    item[inner[f"@{attribute}"]] = value[:LONGEST_VALUE]
        elif self._group is not None:
            depth, item, inner = self._group
            below = "/".join(self._path[depth:])
            if below in inner:
                self._begin(item, inner[below], path)

    def _begin(self, target: dict[str, str], name: str, path: str) -> None:
        if name in target and not self._wanted.joins:
            raise Refused("einvoice_doubled", path=path[-120:])
        target.setdefault(name, "")
        self._keep = (len(self._path), target, name)
        self._pieces, self._length = [], 0

    def data(self, text: str) -> None:
        if self._keep is not None and len(self._path) == self._keep[0]:
            self._length += len(text)
            if self._length > LONGEST_VALUE:
                raise Refused("einvoice_long", path="/".join(self._path)[-120:], limit=LONGEST_VALUE)
            self._pieces.append(text)

    def end(self, _tag: str) -> None:
        depth = len(self._path)
        if self._keep is not None and self._keep[0] == depth:
            _depth, target, name = self._keep
            target[name] += " ".join("".join(self._pieces).split())
            self._keep = None
        if self._group is not None and self._group[0] == depth:
            self._group = None
        self._path.pop()

    def comment(self, _text: str) -> None:
        """Nothing in a comment is a fact."""

    def pi(self, _target: str, _data: str | None = None) -> None:
        """Nothing in an instruction is a fact."""

    def close(self) -> Found:
        return self.found


def gather(content: bytes, wanted: Mapping[str, Wanted]) -> Found:
    """
    Read a document; `wanted` is by namespace and root, joined by a bar. An unknown root gives no values.

    :raises Refused: whatever makes it no honest invoice
    """
    target = _Gatherer(wanted)
    parser = etree.XMLParser(
        # The stubs speak of bytes too; a parser of bytes hands on texts.
        target=cast(Any, target),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        encoding="utf-8",
    )
    body = text_of(content).encode("utf-8", "surrogatepass")
    try:
        for start in range(0, len(body), BLOCK):
            parser.feed(body[start : start + BLOCK])
        parser.close()
    except etree.XMLSyntaxError as error:
        raise Refused("einvoice_damaged", reason=_first_words(str(error.msg or error))) from error
    return target.found


def _first_words(text: str) -> str:
    """What the parser says, without the content it quotes."""
    return re.split(r"[:,']", text, maxsplit=1)[0][:60]
