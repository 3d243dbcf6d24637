"""Reads a page as a browser would: its elements with their attributes and text, in order, each tag closed."""

from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"meta", "input", "link", "br"}


class Seen(NamedTuple):
    """One element: its tag, its attributes, the texts in it (in order), and the tags around it."""

    tag: str
    attributes: dict[str, str]
    texts: list[str]
    around: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.texts)


class Page(HTMLParser):
    """A page that was read whole; every element is in `seen`."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self._open: list[Seen] = []
        self.feed(content.decode())
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute twice in {tag}"
        element = Seen(tag, {name: value or "" for name, value in attrs}, [], tuple(one.tag for one in self._open))
        self.seen.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def all(self, tag: str) -> list[Seen]:
        return [element for element in self.seen if element.tag == tag]

    def one(self, tag: str, **attributes: str) -> Seen:
        (element,) = [e for e in self.all(tag) if attributes.items() <= e.attributes.items()]
        return element

    def of(self, name: str) -> list[Seen]:
        """Return the elements of a class."""
        return [element for element in self.seen if name in element.attributes.get("class", "").split()]
