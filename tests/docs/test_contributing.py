"""What CONTRIBUTING.md shows works: the metric here, the corruption in test_adding_one.py."""

from __future__ import annotations

from corruptbench.evaluation import metrics
from tests.docs.blocks import titled


def test_the_metric_and_its_test(monkeypatch):
    module = dict(vars(metrics))
    exec(titled("CONTRIBUTING.md", "corruptbench/evaluation/metrics.py"), module)
    monkeypatch.setattr(metrics, "pck_3d", module["pck_3d"], raising=False)
    test: dict[str, object] = {}
    exec(titled("CONTRIBUTING.md", "tests/corruptbench/test_pck_3d.py"), test)
    test["test_pck_3d"]()
