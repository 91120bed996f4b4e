"""Lifters that give several poses for a frame: hypotheses, and draws of a stochastic lifter."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.corruptbench.conformance.families import FAMILIES, in_blocks
from tests.corruptbench.conformance.scores import cell_of, each_cell, key_of, procrustes, table_of


def test_the_draws_of_a_stochastic_lifter_are_those_of_its_seeds(drawn_shards, tmp_path):
    """Errors are means over the seeds 0 and 1, whose noise is known."""
    family = FAMILIES["stochastic"]
    _, _, table = table_of(family, drawn_shards, tmp_path)
    rows = {key_of(r): r for r in table.itertuples()}
    for clip, d, given, target in each_cell(drawn_shards):
        plain = in_blocks(family.network.inner, given.screen, 7)
        errors = []
        for seed in (0, 1):
            noise = torch.randn(17, 3, generator=torch.Generator().manual_seed(seed)).numpy()
            poses = 1000 * (plain.astype(np.float32) + np.float32(0.05) * noise).astype(np.float64)
            errors.append(np.linalg.norm(poses - poses[:, :1] - target, axis=-1).mean())
        row = rows[clip.id.subject, clip.id.sequence, clip.id.camera, *cell_of(d)]
        assert row.mpjpe == pytest.approx(np.mean(errors), abs=1e-6)
        assert row.spread == pytest.approx(np.std(errors, ddof=1), abs=1e-5)


def test_hypotheses_have_columns_of_their_own(drawn_shards, tmp_path):
    _, result, table = table_of(FAMILIES["D3DP"], drawn_shards, tmp_path)
    assert result.lifter.hypotheses == 3
    network = FAMILIES["D3DP"].network.eval()
    clip, _, given, target = next(each_cell(drawn_shards))
    each = np.stack([
        1000 * in_blocks(network, given.screen, 7, lambda y, h=h: y[0, -1, h]) for h in range(3)
    ])  # fmt: skip
    each = each - each[:, :, :1]
    errors = np.linalg.norm(each - target, axis=-1).mean(axis=-1)
    row = table.iloc[0]
    assert (row.subject, row.camera, row.severity) == (clip.id.subject, clip.id.camera, 0)
    assert row.best_mpjpe == pytest.approx(errors.min(axis=0).mean(), rel=1e-8)
    assert row.mean_mpjpe == pytest.approx(errors.mean(), rel=1e-8)
    aligned = [min(procrustes(h[t], target[t]) for h in each) for t in range(len(target))]
    assert row.best_p_mpjpe == pytest.approx(np.mean(aligned), rel=1e-7)
    assert result.best_mpjpe is not None
    _, result, _ = table_of(FAMILIES["own aggregate"], drawn_shards, tmp_path)
    assert result.lifter.hypotheses == 2


def test_samples_are_averaged_and_their_spread_is_told(drawn_shards, tmp_path):
    _, result, table = table_of(FAMILIES["stochastic"], drawn_shards, tmp_path)
    assert (result.lifter.samples, result.lifter.hypotheses) == (2, 1)
    assert (table["spread"] > 0).all()
    assert result.spread is not None
    _, again, other = table_of(FAMILIES["stochastic"], drawn_shards, tmp_path)
    assert other["mpjpe"].equals(table["mpjpe"]), "the seeds are fixed"
    assert again.mpjpe == result.mpjpe
