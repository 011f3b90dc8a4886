"""Which spans of items overlap with a given one, found without looking at all of them.

Spans are kept by their size, each class twice as large as the one before. Of a class, a span that overlaps with the
one looked for begins less than the class's largest size before it: so only neighbours are looked at. There are as many
classes as a size has bits.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from sortedcontainers import SortedDict


class Span(Protocol):
    """What has a place among the items: the indexes from `first` to `stop` - 1. Neither may change."""

    @property
    def id(self) -> int:
        """A number of its own."""

    @property
    def first(self) -> int:
        """The index of its first item."""

    @property
    def stop(self) -> int:
        """The index after its last item."""


S = TypeVar("S", bound=Span)


class Overlaps(Generic[S]):
    """A set of spans that can be asked which of them overlap."""

    def __init__(self) -> None:
        self._classes: dict[int, SortedDict[tuple[int, int], S]] = {}
        self._count = 0

    def __repr__(self) -> str:
        return f"<Overlaps of {self._count} spans>"

    def __len__(self) -> int:
        return self._count

    def __contains__(self, span: S) -> bool:
        return (span.first, span.id) in self._classes.get(_class_of(span), ())

    def add(self, span: S) -> None:
        """Adds a span, unless it is in already."""
        spans = self._classes.setdefault(_class_of(span), SortedDict())
        if (span.first, span.id) not in spans:
            spans[span.first, span.id] = span
            self._count += 1

    def discard(self, span: S) -> None:
        """Removes a span, if it is in."""
        spans = self._classes.get(_class_of(span))
        if spans is None or spans.pop((span.first, span.id), None) is None:
            return
        self._count -= 1
        if not spans:
            del self._classes[_class_of(span)]

    def find(self, first: int, stop: int) -> list[S]:
        """Returns the spans that hold any of the indexes from `first` to `stop` - 1, lowest first."""
        found: list[S] = []
        for size, spans in self._classes.items():
            # A span of this class has at most 2 ** size - 1 items.
            for key in spans.irange((first - (1 << size) + 2, 0), (stop, 0), inclusive=(True, False)):
                span = spans[key]
                if span.stop > first:
                    found.append(span)
        found.sort(key=lambda span: (span.first, span.id))
        return found


def _class_of(span: Span) -> int:
    return (span.stop - span.first).bit_length()
