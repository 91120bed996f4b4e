"""Each refusal of the referee: one thing is changed, its message is expected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.leaderboard import Result, SubmissionError, check, clips, schema
from corruptbench.leaderboard.referee import submission
from tests.leaderboard.conftest import Make, clip_table, digest, document

Document = dict[str, Any]


def refusal(path: Path) -> str:
    with pytest.raises(SubmissionError) as caught:
        check(path)
    message = str(caught.value)
    assert "remedy:" in message
    assert caught.value.problems
    return message


def edit(path: Path, change: Callable[[Document], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def replace_table(path: Path, table: pa.Table | pd.DataFrame, **coverage: int) -> None:
    """Put another clips table beside the result and let the result name it."""
    arrow = table if isinstance(table, pa.Table) else _arrow(table)
    parquet = submission.clips_path(path)
    pq.write_table(arrow, parquet)
    sha256 = hashlib.sha256(parquet.read_bytes()).hexdigest()

    def rename(document: Document) -> None:
        document["clips_sha256"] = sha256
        document["coverage"].update(coverage)

    edit(path, rename)


def _arrow(table: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(table, preserve_index=False)


def test_accepts_a_valid_result(make: Make) -> None:
    result = check(make())
    assert isinstance(result, Result)
    assert result.lifter.name == "baseline"


def test_accepts_average_over_frames(make: Make) -> None:
    assert check(make(scoring={"average": "frames"})).scoring.average == "frames"


@pytest.mark.parametrize("frames", [1, 60])
def test_accepts_null_mpjve_for_a_clip_without_runs(make: Make, frames: int) -> None:
    """Of one frame, or of frames that all stand alone between gaps."""
    table = clip_table()
    table.loc[table.sequence == "walk-0", ["frames", "run_frames"]] = frames, 0
    table.loc[table.sequence == "walk-0", "mpjve"] = np.nan
    check(make(table))


def test_accepts_dictionary_columns_and_rounding_of_the_last_bits(make: Make) -> None:
    path = make()
    coded = clip_table().astype(dict.fromkeys([*clips.CLIP_KEY, "corruption"], "category"))
    replace_table(path, coded)

    def nudge(document: Document) -> None:
        document["mpjpe"]["clean"] *= 1 + 1e-12

    edit(path, nudge)
    check(path)


def _set(*keys: str | int, value: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        target: Any = document
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = value

    return change


def _scale(*keys: str | int, by: float = 1 + 1e-6) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        target: Any = document
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] *= by

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set("schema_version", value=1), "found 1, expected 2 or 3 (what this software"),
        (_set("schema_version", value=True), "schema_version: found True"),
        (lambda d: d.pop("schema_version"), "schema_version: found none"),
        (lambda d: d.pop("lifter"), "lifter: found nothing"),
        (_set("extra", value=1), "extra: found 1"),
        (_set("lifter", "name", value="../../etc"), "lifter.name: found ../../etc"),
        (_set("lifter", "name", value="<b>x</b>"), "lifter.name"),
        (_set("lifter", "parameters", value=10**400), "lifter.parameters: found 1000"),
        (_set("lifter", "bytes", value=10**400), "lifter.bytes: found 1000"),
        (_set("benchmark", "id", value=".."), "benchmark.id"),
        (_set("clips_sha256", value="beef"), "clips_sha256: found beef"),
        (_set("mpjpe", "clean", value=-1.0), "mpjpe.clean: found -1.0"),
        (_set("mpjpe", "clean", value="41.0"), "mpjpe.clean: found '41.0'"),
        (_set("mpjpe", "clean", value=float("nan")), "mpjpe.clean: found nan"),
    ],
)
def test_refuses_what_breaks_the_schema(
    make: Make, change: Callable[[Document], object], expected: str
) -> None:
    path = make()
    edit(path, change)
    message = refusal(path)
    assert expected in message
    assert "baseline.json" in message


@pytest.mark.parametrize("text", ["", "{", "not json", "\x00"])
def test_refuses_what_is_not_json(make: Make, text: str) -> None:
    path = make()
    path.write_text(text)
    assert "expected a JSON document" in refusal(path)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"'])
def test_refuses_json_that_is_no_result(make: Make, text: str) -> None:
    path = make()
    path.write_text(text)
    assert "schema_version: found none" in refusal(path)


def test_refuses_deep_nesting(make: Make) -> None:
    path = make()
    path.write_text("[" * 100_000)
    assert "expected a JSON document" in refusal(path)


def test_refuses_big_json(make: Make) -> None:
    path = make()
    path.write_text(path.read_text() + " " * submission.JSON_LIMIT)
    assert "size: found more than 2 MB, expected at most 2 MB" in refusal(path)


def test_refuses_a_big_table(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make()
    monkeypatch.setattr(submission, "CLIPS_LIMIT", 1000)
    assert "baseline.clips.parquet: size" in refusal(path)


def test_refuses_a_missing_json(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.json")


def test_refuses_a_missing_table(make: Make) -> None:
    path = make()
    submission.clips_path(path).unlink()
    assert "baseline.clips.parquet: file: found No such file" in refusal(path)


def test_refuses_another_table(make: Make) -> None:
    path = make()
    submission.clips_path(path).write_bytes(clips.to_parquet(clip_table(seed=5)))
    assert "expected clips_sha256" in refusal(path)


def test_refuses_a_table_that_is_no_parquet(make: Make) -> None:
    path = make()
    submission.clips_path(path).write_bytes(b"PAR1 no")
    edit(path, _set("clips_sha256", value=hashlib.sha256(b"PAR1 no").hexdigest()))
    assert "expected a Parquet file" in refusal(path)


def test_refuses_a_damaged_table(make: Make) -> None:
    path = make()
    parquet = submission.clips_path(path)
    data = bytearray(parquet.read_bytes())
    data[4:400] = bytes(396)
    parquet.write_bytes(data)
    edit(path, _set("clips_sha256", value=hashlib.sha256(data).hexdigest()))
    assert "column subject: found a page " in refusal(path)


def _put(column: str, value: Any, row: int = 3) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        changed = table.copy()
        changed.loc[row, column] = value
        return changed

    return change


def _nulled(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """An integer column with a null, which the file's metadata would have pandas read as NA."""
    return lambda table: _put(column, pd.NA)(table.astype({column: "Int64"}))


def _move_frames(table: pd.DataFrame) -> pd.DataFrame:
    """One frame more in a cell and one less in another: the sum stays."""
    return _put("frames", table.frames[3] + 1)(_put("frames", table.frames[4] - 1, row=4)(table))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.drop(columns="mpjve"), "column mpjve: found no such column"),
        (lambda t: t.assign(note="x"), "column note: found large_string, expected no such column"),
        (lambda t: t.assign(mpjpe=t.mpjpe.astype(str)), "column mpjpe: found large_string"),
        (lambda t: t.assign(mpjpe=t.mpjpe.astype("float32")), "column mpjpe: found float"),
        (lambda t: t.assign(frames=t.frames.astype(float)), "column frames: found double"),
        (lambda t: t.assign(camera=0), "column camera: found int64, expected text"),
        (_put("mpjpe", np.nan), "column mpjpe: found nan in row 3, expected 0 to 10000 mm"),
        (_put("mpjve", np.nan), "column mpjve: found nan in row 3, expected 0 to 10000 mm per"),
        (_put("mpjpe", np.inf), "column mpjpe: found inf"),
        (_put("p_mpjpe", -0.1), "column p_mpjpe: found -0.1"),
        (_put("mpjpe", 10_000.1), "column mpjpe: found 10000.1"),
        (_put("frames", 0), "column frames: found 0 in row 3, expected 1 or more"),
        (_put("frames", -3), "column frames: found -3 in row 3, expected 1 or more"),
        (
            _put("run_frames", -1),
            "column run_frames: found -1 in row 3, expected 0, or 2 to frames",
        ),
        (lambda t: t.assign(run_frames=t.frames + 1), "column run_frames: found"),
        (_put("run_frames", 1), "column run_frames: found 1 in row 3, expected 0, or 2 to frames"),
        (
            lambda t: t.assign(run_frames=t.run_frames.astype(float)),
            "column run_frames: found double",
        ),
        (lambda t: t.drop(columns="run_frames"), "column run_frames: found no such column"),
        (
            _nulled("run_frames"),
            "column run_frames: found nan in row 3, expected 0, or 2 to frames",
        ),
        (_nulled("frames"), "column frames: found nan in row 3, expected 1 or more"),
        (_put("run_frames", 0), "column mpjve: found"),
        (_put("run_frames", 0), "null exactly when run_frames is 0"),
        (
            _put("run_frames", 7),
            "column run_frames: found counts that differ between the cells of clip S1/",
        ),
        (_put("severity", 6), "column severity: found 6"),
        (_put("severity", 0), "expected severity 0 for 'clean'"),
        (_put("severity", 1, row=0), "expected severity 0 for 'clean'"),
        (_put("action", ""), "column action: found  in row 3, expected some text"),
        (_put("subject", None), "column subject"),
        (_put("severity", 2), "rows: found twice clip S1/walk-0/walk/cam0, cell erase/2"),
        (_put("corruption", "other"), "rows: found cell other/3 for 1 of 9 clips"),
        (_move_frames, "column frames: found counts that differ between the cells of clip S1/walk"),
    ],
)
def test_refuses_a_bad_table(
    make: Make, change: Callable[[pd.DataFrame], pd.DataFrame], expected: str
) -> None:
    path = make()
    replace_table(path, change(clip_table()))
    message = refusal(path)
    assert expected in message
    assert "baseline.clips.parquet" in message


def test_refuses_a_ragged_table(make: Make) -> None:
    path = make()
    replace_table(path, clip_table().iloc[1:])
    assert "rows: found 143, expected 144 (coverage: 9 clips x 16 cells)" in refusal(path)


def test_refuses_a_column_twice(make: Make) -> None:
    path = make()
    arrow = _arrow(clip_table())
    replace_table(path, arrow.append_column("mpjpe", arrow["mpjpe"]))
    assert "column mpjpe: found 2 such columns, expected one" in refusal(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set("coverage", "n_expected", value=10**6), "coverage.n_scored: found"),
        (_set("coverage", "n_scored", value=5), "coverage.n_scored: found 5"),
        (
            lambda d: d["coverage"].update(clips=8, cells=18),
            "coverage.clips: found 8, expected 9 (counted in baseline.clips.parquet)",
        ),
        (lambda d: d["coverage"].update(clips=8, cells=18), "coverage.cells: found 18"),
        (lambda d: d["cells"].pop(), "cells: found 15 cells"),
        (lambda d: d["cells"].append(d["cells"][0]), "cells: found 17 cells"),
        (_set("cells", 3, "corruption", value="occluder"), "first that differs: erase/3"),
        (_scale("mpjpe", "clean"), "mpjpe.clean: found"),
        (_scale("mpjpe", "corrupted"), "mpjpe.corrupted"),
        (_scale("mpjpe", "degradation"), "mpjpe.degradation"),
        (_scale("mpjpe", "corruptions", "erase"), "mpjpe.corruptions.erase"),
        (
            _set("mpjpe", "corruptions", "occluder", value=1.0),
            "mpjpe.corruptions.occluder: found 1.0, expected nothing",
        ),
        (
            lambda d: d["mpjpe"]["corruptions"].pop("erase"),
            "mpjpe.corruptions.erase: found nothing",
        ),
        (_scale("p_mpjpe", "corrupted"), "p_mpjpe.corrupted"),
        (_scale("mpjve", "clean"), "mpjve.clean"),
        (_scale("mpjpe_intervals", "degradation", "low"), "mpjpe_intervals.degradation.low"),
        (_scale("cells", 5, "mpjpe"), "cells[erase/5].mpjpe: found"),
        (_scale("cells", 5, "mpjpe_low"), "cells[erase/5].mpjpe_low: found"),
        (_scale("cells", 0, "mpjve"), "cells[clean/0].mpjve: found"),
        (_set("scoring", "average", value="frames"), "recomputed from the clips table"),
    ],
)
def test_refuses_numbers_that_the_table_does_not_give(
    make: Make, change: Callable[[Document], object], expected: str
) -> None:
    path = make()
    edit(path, change)
    assert expected in refusal(path)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (lambda t: t[t.corruption != "clean"], "cells: found no clean cell"),
        (lambda t: t[t.corruption == "clean"], "cells: found only the clean cell"),
    ],
)
def test_refuses_a_table_without_clean_or_without_corruption(
    make: Make, keep: Callable[[pd.DataFrame], pd.DataFrame], expected: str
) -> None:
    path = make()
    table = keep(clip_table())
    replace_table(path, table, cells=len(table) // 9)
    assert expected in refusal(path)


def test_refuses_clips_of_one_frame_only(make: Make) -> None:
    path = make()
    table = clip_table().assign(frames=1, run_frames=0, mpjve=np.nan)
    replace_table(path, table, n_expected=144, n_scored=144)
    assert "mpjve is undefined" in refusal(path)


def test_message_lists_all_and_counts_what_it_leaves_out(make: Make) -> None:
    path = make()
    other = document(clip_table(seed=8), digest("other"))
    edit(path, lambda d: d.update({key: other[key] for key in ("mpjpe", "p_mpjpe", "cells")}))
    message = refusal(path)
    assert "  1. baseline.json: " in message
    assert " more" in message.splitlines()[-1]
    assert len(message.splitlines()) < 50


def test_foreign_text_in_a_message_is_printable_and_short(make: Make) -> None:
    path = make()
    edit(path, _set("lifter", "name", value="\x1b[31m" + "x" * 500))
    message = refusal(path)
    assert "\x1b" not in message
    assert "x" * 100 not in message


def _labels(table: pd.DataFrame) -> list[Document]:
    keys = table[["subject", "sequence", "camera"]].drop_duplicates().to_dict("records")
    return [{**key, "verdict": "agrees", "error": 0.03, "lag": None} for key in keys]


def test_accepts_labels_of_each_clip_and_results_of_before_them(make: Make) -> None:
    labels = _labels(clip_table())
    stored = check(make(labels=labels[::-1])).labels
    assert stored is not None
    assert len(stored) == 9
    assert check(make(labels=None)).labels is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rows: rows[1:], "labels: found 8 labels, without S1/walk-0/cam0, expected the"),
        (lambda rows: rows[:0], "labels: found 0 labels, without"),
        (lambda rows: [*rows, rows[0]], "10 labels, more than once S1/walk-0/cam0"),
        (lambda rows: [*rows, {**rows[0], "camera": "cam7"}], "10 labels, with S1/walk-0/cam7"),
    ],
)
def test_refuses_labels_of_other_clips(
    make: Make, change: Callable[[list[Document]], list[Document]], expected: str
) -> None:
    message = refusal(make(labels=change(_labels(clip_table()))))
    assert expected in message
    assert "the clips table's 9" in message


def test_labels_may_end_where_a_result_holds_no_more(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(labels=_labels(clip_table())[:4])
    assert "found 4 labels, without" in refusal(path)
    monkeypatch.setattr("corruptbench.leaderboard.referee.labels.MOST_LABELS", 4)
    check(path)


def test_every_fault_of_labels_has_its_kind_of_warning() -> None:
    verdicts = get_args(schema.LabelCheck.model_fields["verdict"].annotation)
    faults = {f"labels-{verdict}" for verdict in verdicts if verdict not in {"agrees", "unclear"}}
    kinds = {name for name in get_args(schema.WarningName) if name.startswith("labels-")}
    assert kinds == {*faults, "labels-motion"}
