"""Words that occur again and again, each kept once and known by a number while somebody uses it.

Almost everything in a span is repeated: of the 22 tags that Envoy gives one, 20 are shared with thousands of others.
So a span holds numbers of 4 bytes. Uses are counted, because what is not repeated (a request's id) must go when its
trace goes: a vocabulary that only grows would be a leak.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Hashable, Iterator
from typing import Final, Generic, TypeVar

Word = TypeVar("Word", bound=Hashable)

_PLACE: Final = 130
"""Bytes of a word's place in dict, list and counter, on 64-bit CPython (measured: see tests/benchmarks)."""


class Vocabulary(Generic[Word]):
    """Words by number and numbers by word; `size` is about what they take, in bytes. Number 0 is never given."""

    def __init__(self, size_of: Callable[[Word], int] = sys.getsizeof) -> None:
        self._size_of = size_of
        self._numbers: dict[Word, int] = {}
        self._words: list[Word | None] = [None]
        self._uses = array("I", [0])
        self._free: list[int] = []
        self.size = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Word]:
        return iter(self._numbers)

    def __getitem__(self, number: int) -> Word:
        word = self._words[number]
        if word is None:
            raise KeyError(number)
        return word

    def find(self, word: Word) -> int:
        """The word's number, 0 if nobody uses it."""
        return self._numbers.get(word, 0)

    def items(self) -> Iterator[tuple[Word, int]]:
        """Every word in use with its number."""
        return iter(self._numbers.items())

    def use(self, word: Word) -> int:
        """The word's number, with one more use."""
        number = self._numbers.get(word)
        if number is None:
            number = self._add(word)
        self._uses[number] += 1
        return number

    def release(self, number: int) -> None:
        """One use less; after the last one the word is forgotten and its number given again."""
        self._uses[number] -= 1
        if self._uses[number] == 0:
            word = self[number]
            del self._numbers[word]
            self._words[number] = None
            self._free.append(number)
            self.size -= self._size_of(word) + _PLACE

    def _add(self, word: Word) -> int:
        if self._free:
            number = self._free.pop()
            self._words[number] = word
        else:
            number = len(self._words)
            self._words.append(word)
            self._uses.append(0)
        self._numbers[word] = number
        self.size += self._size_of(word) + _PLACE
        return number
