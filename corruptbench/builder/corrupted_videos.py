"""The corrupted videos of a clip: where they lie, which are present, and how they are written.

They lie in ``<out>/videos/<dataset>/<subject>/<sequence>.<camera>/`` as
``<corruption>-<severity>.mp4`` and ``clean.mp4``. They show the whole pictures; the detector saw
its crops of these. The comment in a file states the fingerprint of the shard that it belongs to,
the cell, and the constant rate factor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from corruptbench.builder.plan import WorkItem
from corruptbench.manifest import CLEAN, Cell
from corruptbench.video.reader import frame_rate
from corruptbench.video.writer import FrameWriter, comment_of, open_video

#: Number of videos that are written at once, our own choice. An encoder needs about 90 MB for
#: pictures of 1000 x 1000. Decoding the clip once more for every eight cells adds 2 % to the time.
AT_ONCE = 8


def video_path(item: WorkItem, cell: Cell) -> Path:
    """Return where the video of a cell lies."""
    assert item.videos is not None, "no videos are wanted in S3"
    name = "clean" if cell == CLEAN else f"{cell.corruption}-{cell.severity}"
    return item.videos / f"{name}.mp4"


def missing_cells(item: WorkItem, have: Collection[Cell]) -> list[Cell]:
    """Return the cells to build: those missing in the shard, or whose wanted video is missing.

    ``have`` are the cells in the shard: see `corruptbench.shards.parquet.present_cells`.
    """

    def has_video(cell: Cell) -> bool:
        return item.crf is None or comment_of(video_path(item, cell)) == _stamp(item, cell)

    return [c for c in item.cells if c not in have or not has_video(c)]


def groups(item: WorkItem, cells: Sequence[Cell]) -> list[Sequence[Cell]]:
    """Split cells into those of one pass over the clip: all, or as many as videos may be open."""
    size = len(cells) if item.crf is None else AT_ONCE
    return [cells[i : i + size] for i in range(0, len(cells), size)]


@contextmanager
def open_videos(
    item: WorkItem, cells: Sequence[Cell], source: Path
) -> Iterator[dict[Cell, FrameWriter]]:
    """Open the videos of these cells, at the frame rate of ``source``; none if none are wanted."""
    if item.crf is None:
        yield {}
        return
    rate = frame_rate(source)
    with ExitStack() as stack:
        yield {
            cell: stack.enter_context(
                open_video(video_path(item, cell), rate, item.crf, _stamp(item, cell))
            )
            for cell in cells
        }


def drop_stale(item: WorkItem) -> None:
    """Remove the clip's videos that were made from other inputs than its shard will be."""
    for path in item.videos.glob("*.mp4") if item.videos else ():
        comment = comment_of(path) or ""
        if comment.startswith("corruptbench ") and item.fingerprint not in comment:
            path.unlink()


def _stamp(item: WorkItem, cell: Cell) -> str:
    lossless = ", RGB" if item.crf == 0 else ""  # videos of an older version are made again
    return f"corruptbench {item.fingerprint} {cell}, crf {item.crf}{lossless}"
