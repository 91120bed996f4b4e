"""Check a whole data set: its files, its videos, its labels, its cameras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from corruptbench.datasets.base import Clip, ClipId, Dataset
from corruptbench.datasets.checks.copies import copy_findings
from corruptbench.datasets.checks.labels import label_findings
from corruptbench.datasets.checks.report import Finding, Needs, obstacles
from corruptbench.errors import InputError

#: At most so many findings are repeated before a build.
_SHOWN = 10


def dataset_findings(dataset: Dataset, needs: Needs) -> Iterator[Finding]:
    """Yield the findings on files and videos, then those on labels and cameras.

    Videos are not decoded but for their first picture. A file at fault is a finding; it raises
    nothing.

    Args:
        dataset: opened.
        needs: what is needed of it.
    """
    yield from dataset.check(needs)
    clips = [c for c in dataset.clip_ids() if needs.clip(c)]
    for subject in dict.fromkeys(c.subject for c in clips):
        own = [c for c in clips if c.subject == subject]
        loaded = list(_loaded(dataset, own))
        for finding in label_findings(loaded):
            yield _tolerated(finding) if dataset.licensed else finding
        yield from copy_findings(loaded)


def check_before_build(dataset: Dataset, needs: Needs) -> list[str]:
    """Return what a user should know before a build, in sentences.

    Raises:
        InputError: something makes the build impossible.
    """
    every = dataset_findings(dataset, needs)
    found = [f for f in every if needs.videos or f.what != "videos"]
    bad = [_sentence(f) for f in obstacles(found)]
    if bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise InputError(f"{bad[0]}{more}; `corruptbench data check` lists all that was found")
    odd = [_sentence(f) for f in found if f.level == "differs"]
    hidden = len(odd) - _SHOWN
    return odd[:_SHOWN] + ([f"{hidden} more; the check of the data lists them"] * (hidden > 0))


def _tolerated(finding: Finding) -> Finding:
    """Return what is said of labels of official data, which nobody can correct: it is no error."""
    if finding.what == "motion" and finding.level == "missing":
        return replace(finding, level="differs")
    return finding


def _loaded(dataset: Dataset, clips: list[ClipId]) -> Iterator[Clip]:
    """Yield the clips that can be loaded; those that cannot are findings of the data set."""
    for clip_id in clips:
        try:
            clip = dataset.load(clip_id)
        except InputError:
            continue
        yield clip


def _sentence(f: Finding) -> str:
    place = f.where or f.subject
    remedy = f": {f.remedy}" if f.remedy else ""
    return f"{place}: {f.what}: {f.found}; expected {f.expected}{remedy}"
