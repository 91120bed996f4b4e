"""Read a clips table only if it is small when it is unpacked, whatever it says of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.leaderboard import clips
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.referee.pages import pages
from corruptbench.leaderboard.referee.rows import footer_problems, text_problems
from corruptbench.leaderboard.referee.submission import RERUN
from corruptbench.leaderboard.schema import Result

#: Bytes of the footer. Our own choice: that of a table has 7 kB. In memory it takes 100 times more.
FOOTER_LIMIT = 200_000
#: Bytes of all pages when they are unpacked. Our own choice: a row takes about 110.
UNPACKED_LIMIT = 100_000_000
#: Pages of a table. Our own choice: that of Human3.6M-C has 70.
MOST_PAGES = 10_000
_MAGIC = b"PAR1"


def read_table(
    subject: str,
    file: str,
    data: bytes,
    result: Result,
    columns: Sequence[str],
    remedy: str = RERUN,
) -> pa.Table:
    """Return columns of a clips table, if it is the one that the result names.

    The footer is decoded if it is small, the pages if their headers say little, too.

    Args:
        subject: what is refused, for the message.
        file: name of the table's file, for the message.
        data: its bytes.
        result: whose table it is.
        columns: names of columns of the result's version.
        remedy: for a table of another digest, or damaged bytes.

    Raises:
        SubmissionError: it is another table, damaged, too large, or has other columns or rows.
    """
    digest = hashlib.sha256(data).hexdigest()
    if digest != result.clips_sha256:
        expected = f"clips_sha256 {result.clips_sha256}"
        raise SubmissionError(subject, [Problem(file, "sha256", digest, expected, remedy)])
    _refuse(subject, _size_problems(file, data))
    try:
        parquet = clips.open_bytes(data)
        _refuse(subject, footer_problems(file, parquet, result))
        _refuse(subject, _page_problems(file, data, parquet.metadata))
        _refuse(subject, text_problems(file, parquet))
        return parquet.read(columns=[*columns], use_threads=False)
    except (pa.ArrowException, OSError) as error:
        problem = Problem(file, "file", "damaged contents", "a whole Parquet file", remedy)
        raise SubmissionError(subject, [problem]) from error


def _refuse(subject: str, problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise SubmissionError(subject, found)


def _size_problems(file: str, data: bytes) -> Iterator[Problem]:
    """Check the size of the footer, which is decoded before anything else."""
    if len(data) < 12 or not data.startswith(_MAGIC) or not data.endswith(_MAGIC):
        yield Problem(file, "file", "no Parquet file", "a Parquet file", RERUN)
        return
    size = int.from_bytes(data[-8:-4], "little")
    if size > FOOTER_LIMIT:
        found, expected = f"a footer of {size:,} bytes", f"at most {FOOTER_LIMIT:,}"
        yield Problem(file, "file", found, expected, RERUN)


def _page_problems(file: str, data: bytes, footer: pq.FileMetaData) -> Iterator[Problem]:
    """Check the pages, and that what the footer says of its parts agrees with them."""
    left, unpacked = MOST_PAGES, 0
    for rows, chunk in _chunks(footer):
        name = f"column {chunk.path_in_schema}"
        try:
            found = [*islice(pages(data, chunk), left + 1)]
        except ValueError as error:
            yield Problem(file, name, str(error), "pages as evaluate writes them", RERUN)
            return
        left, unpacked = left - len(found), unpacked + sum(page.unpacked for page in found)
        if left < 0:
            yield Problem(file, "pages", f"more than {MOST_PAGES:,}", "a few in a column", RERUN)
            return
        counts = {rows, chunk.num_values, sum(page.values for page in found)}
        if len(counts) > 1 or any(page.entries > rows for page in found):
            counted = " and ".join(f"{count:,}" for count in sorted(counts))
            yield Problem(file, name, f"{counted} values", "one for each row", RERUN)
            return
    groups = [footer.row_group(i).num_rows for i in range(footer.num_row_groups)]
    if sum(groups) != footer.num_rows:
        yield Problem(file, "rows", f"{sum(groups):,} in groups", f"{footer.num_rows:,}", RERUN)
    if unpacked > UNPACKED_LIMIT:
        expected = f"at most {UNPACKED_LIMIT:,} bytes"
        yield Problem(file, "unpacked size", f"{unpacked:,} bytes", expected, RERUN)


def _chunks(footer: pq.FileMetaData) -> Iterator[tuple[int, pq.ColumnChunkMetaData]]:
    """Yield each column of each group of rows, with the number of rows of the group."""
    for i in range(footer.num_row_groups):
        group = footer.row_group(i)
        yield from ((group.num_rows, group.column(j)) for j in range(group.num_columns))
