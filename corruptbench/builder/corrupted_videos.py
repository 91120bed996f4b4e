"""The corrupted videos of a clip: where they lie, which are there, and writing them.

``<out>/videos/<dataset>/<subject>/<sequence>.<camera>/<corruption>-<severity>.mp4``, and
``clean.mp4``: whole pictures, of which the detector saw its crop. The comment in a video's file
states the fingerprint of the shard that it belongs to, the cell, and the constant rate factor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from corruptbench.builder.plan import WorkItem
from corruptbench.manifest import CLEAN, Cell
from corruptbench.video.reader import frame_rate
from corruptbench.video.writer import Film, comment_of, open_film

#: Videos that are written at once, our own choice. An encoder holds about 90 MB for pictures of
#: 1000 x 1000; to decode the clip once more for every eight cells adds 2 % to the time.
AT_ONCE = 8


def film_path(item: WorkItem, cell: Cell) -> Path:
    """Where a cell's video lies."""
    name = "clean" if cell == CLEAN else f"{cell.corruption}-{cell.severity}"
    return item.videos / f"{name}.mp4"


def missing_cells(item: WorkItem, have: Collection[Cell]) -> list[Cell]:
    """What is to be built: cells that the shard lacks, or whose video is wanted and not there.

    ``have``: cells of the shard, see `corruptbench.shards.parquet.present_cells`.
    """
    return [c for c in item.cells if c not in have or not (item.crf is None or _is_there(item, c))]


def groups(item: WorkItem, cells: Sequence[Cell]) -> list[Sequence[Cell]]:
    """The cells to build in one pass over the clip: all, or as many as films may be open."""
    size = len(cells) if item.crf is None else AT_ONCE
    return [cells[i : i + size] for i in range(0, len(cells), size)]


@contextmanager
def films(item: WorkItem, cells: Sequence[Cell], source: Path) -> Iterator[dict[Cell, Film]]:
    """Opens the videos of these cells, at the frame rate of ``source``; none if none are wanted."""
    if item.crf is None:
        yield {}
        return
    rate = frame_rate(source)
    with ExitStack() as stack:
        yield {
            cell: stack.enter_context(
                open_film(film_path(item, cell), rate, item.crf, _stamp(item, cell))
            )
            for cell in cells
        }


def drop_stale(item: WorkItem) -> None:
    """Removes the clip's videos that were made from other inputs than its shard will be."""
    for path in item.videos.glob("*.mp4"):
        comment = comment_of(path) or ""
        if comment.startswith("corruptbench ") and item.fingerprint not in comment:
            path.unlink()


def _is_there(item: WorkItem, cell: Cell) -> bool:
    return comment_of(film_path(item, cell)) == _stamp(item, cell)


def _stamp(item: WorkItem, cell: Cell) -> str:
    lossless = ", RGB" if item.crf == 0 else ""  # once it was 4:2:0: such a video is made again
    return f"corruptbench {item.fingerprint} {cell}, crf {item.crf}{lossless}"
