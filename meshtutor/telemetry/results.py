"""What Prometheus answers, as small values: a Vector of Samples (now) or a Matrix of Series (over time)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from meshtutor.display import html, text
from meshtutor.errors import QueryError

_ROWS_SHOWN: Final = 50
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Sample:
    """One value with its labels; `time` in seconds since the epoch."""

    labels: Labels
    value: float
    time: float = 0.0


@dataclass(frozen=True)
class Series:
    """Values over time: `points` are (seconds since the epoch, value), oldest first."""

    labels: Labels
    points: tuple[tuple[float, float], ...] = ()

    @property
    def times(self) -> list[float]:
        """When, in seconds since the epoch."""
        return [when for when, _ in self.points]

    @property
    def values(self) -> list[float]:
        """How much."""
        return [value for _, value in self.points]


@dataclass(frozen=True)
class Vector:
    """The answer to an instant query; iterates over its samples."""

    query: str
    samples: tuple[Sample, ...] = ()

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]

    @property
    def value(self) -> float:
        """The one value; 0 if there is none (no such series yet), QueryError if there are several."""
        if len(self.samples) > 1:
            raise QueryError(
                f"{self.query!r} has {len(self.samples)} values, not one.",
                "Wrap it in sum(...), or iterate over the result",
            )
        return self.samples[0].value if self.samples else 0.0

    def by(self, label: str) -> dict[str, float]:
        """Values by one label; samples that share it are added up."""
        sums: dict[str, float] = {}
        for sample in self.samples:
            name = sample.labels.get(label, "")
            sums[name] = sums.get(name, 0.0) + sample.value
        return dict(sorted(sums.items()))

    def __repr__(self) -> str:
        if not self.samples:
            return f"{self.query}: no data (yet)"
        names = label_names(self.samples)
        rows = [[*(s.labels.get(n, "") for n in names), f"{s.value:g}"] for s in self.samples[:_ROWS_SHOWN]]
        drawn = text.columns([[*names, "value"], *rows], right=(len(names),))
        return f"{self.query}\n{drawn}{_rest(len(self.samples))}"

    def _repr_html_(self) -> str:
        if not self.samples:
            return html.notice(f"{self.query}: no data (yet)", "warn")
        names = label_names(self.samples)
        rows = ([*(s.labels.get(n, "") for n in names), f"{s.value:g}"] for s in self.samples[:_ROWS_SHOWN])
        return html.join(
            html.table((*names, "value"), rows, right=(len(names),)), html.muted(_rest(len(self.samples)))
        )


@dataclass(frozen=True)
class Matrix:
    """The answer to a range query; iterates over its series."""

    query: str
    series: tuple[Series, ...] = field(default_factory=tuple)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, index: int) -> Series:
        return self.series[index]

    def _rows(self) -> tuple[list[str], list[list[object]]]:
        names = label_names(self.series)
        return names, [
            [*(s.labels.get(n, "") for n in names), len(s.points), *(f"{x:g}" for x in _summary(s.values))]
            for s in self.series[:_ROWS_SHOWN]
        ]

    def __repr__(self) -> str:
        if not self.series:
            return f"{self.query}: no data (yet)"
        names, rows = self._rows()
        drawn = text.columns([[*names, *_COLUMNS], *rows], right=range(len(names), len(names) + 5))
        return f"{self.query}\n{drawn}{_rest(len(self.series))}"

    def _repr_html_(self) -> str:
        if not self.series:
            return html.notice(f"{self.query}: no data (yet)", "warn")
        names, rows = self._rows()
        return html.table((*names, *_COLUMNS), rows, right=range(len(names), len(names) + 5))


_FEW: Final = 5
_COLUMNS: Final = ("points", "first", "last", "min", "max")


def label_names(items: Sequence[Sample] | Sequence[Series]) -> list[str]:
    """The labels to show: all but `__name__` if they are few, else those that tell items apart."""
    names = sorted({name for item in items for name in item.labels} - {"__name__"})
    if len(names) <= _FEW or len(items) <= 1:
        return names
    return [n for n in names if len({item.labels.get(n) for item in items}) > 1]


def _summary(values: Sequence[float]) -> tuple[float, float, float, float]:
    return values[0], values[-1], min(values), max(values)


def _rest(total: int) -> str:
    return f"\n  ... and {total - _ROWS_SHOWN} more" if total > _ROWS_SHOWN else ""
