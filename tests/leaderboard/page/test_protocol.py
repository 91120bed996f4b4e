from __future__ import annotations

from markupsafe import escape

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page.protocol import protocol
from corruptbench.leaderboard.page.render import html
from tests.leaderboard.conftest import BOXES, clip_table, clip_table_3, digest, document


def lines(result: Result) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in protocol(result, "Toy").splitlines())


def test_says_what_a_paper_must_say() -> None:
    table = clip_table()
    found = lines(Result.model_validate(document(table, digest("x"))))
    frames = int(table[table.corruption == "clean"].frames.sum())
    assert found["Benchmark"] == "Toy (toy-c, version 1)"
    assert found["Manifest SHA-256"] == digest("manifest")
    assert found["Clips"] == f"9 clips, all {frames:,} labeled frames in each cell"
    assert found["Cells"].startswith(
        "16: clean, and erase, camera_shake, gaussian_noise at severities 1, 2, 3, 4, 5"
    )
    assert found["2D keypoints"] == f"movenet:thunder, weights SHA-256 {digest('weights')}"
    assert found["Boxes of the person"] == "around the labels"
    assert found["Pixels SHA-256"] == digest("pixels")
    assert found["Joints"].startswith("h36m17; errors relative to joint 0")
    assert found["Average of a cell"] == "mean over the frames of each action, then over actions"
    assert "1,000 resamples of takes" in found["Intervals"]
    assert found["Software"] == "corruptbench 0.1.0"


def test_says_what_is_not_usual() -> None:
    labels = [
        {
            "subject": "S1",
            "sequence": name,
            "camera": camera,
            "verdict": "agrees",
            "error": 0.02,
            "lag": 0.0,
        }
        for name in ("walk", "sit")
        for camera in ("a", "b")
    ]
    changes = {
        "build": {"boxes": BOXES},
        "scoring": {"root_rule": "as-predicted", "average": "frames"},
        "coverage": {"excluded": ["S9/Greeting"]},
        "labels": labels,
    }
    found = lines(Result.model_validate(document(clip_table_3(), digest("x"), **changes)))
    assert ", 2 takes, " in found["Clips"]
    assert found["Clips"].endswith(", without S9/Greeting")
    assert found["Boxes of the person"] == f"movenet:multipose, weights SHA-256 {'5' * 64}"
    assert "predictions are taken as they are" in found["Joints"]
    assert found["Average of a cell"] == "mean over all frames"


def test_the_page_has_it_to_copy(results: list[Result]) -> None:
    best = min(results, key=lambda result: result.mpjpe.corrupted)
    text = protocol(best, "toy-c")
    assert f'<pre class="copy"><code>{escape(text)}</code></pre>' in html(results)
