"""Feet on the floor in the studio generator."""

from __future__ import annotations

import numpy as np

from tools.studio.ground import DEEPEST_MM, contact_frames, settle

RATE = 50.0


def soles(height: np.ndarray) -> np.ndarray:
    """Two feet of two points each, level, at (T,) height; (T, 4, 3) mm."""
    corners = np.array([[100, 0, 0], [100, 200, 0], [-100, 0, 0], [-100, 200, 5]], dtype=float)
    points = np.repeat(corners[None], len(height), axis=0)
    points[..., 2] += height[:, None]
    return points


def test_standing_feet_come_to_the_floor_in_spite_of_drift() -> None:
    drift = 40 + np.linspace(0, 25, 100)
    lift, contact = settle(soles(drift), RATE)
    assert contact.all()
    assert np.abs(drift + lift).max() < 1.5


def test_a_jump_stays_a_jump() -> None:
    time = np.arange(100) / RATE
    flight = np.clip(2.5 * (time - 0.7) - 4.905 * (time - 0.7) ** 2, 0, None) * 1000
    lift, contact = settle(soles(flight - 30.0), RATE)
    after = flight - 30.0 + lift
    assert not contact[flight > 150].any()
    assert abs(after.max() - flight.max()) < 15
    assert np.abs(after[flight == 0]).max() < 15


def test_nothing_sinks_into_the_floor() -> None:
    rng = np.random.default_rng(5)
    height = 20 * np.cumsum(rng.normal(size=200)) / 10
    lift, _ = settle(soles(height), RATE)
    assert (height + lift).min() >= -DEEPEST_MM - 1e-9


def test_a_sliding_low_foot_is_no_contact() -> None:
    points = soles(np.zeros(60))
    points[20:40, :, 1] += np.linspace(0, 1500, 20)[:, None]
    points[40:, :, 1] += 1500
    contact = contact_frames(points, RATE)
    assert not contact[22:38].any()
    assert contact[:18].all()
    assert contact[42:].all()


def test_without_any_contact_the_lowest_point_touches() -> None:
    points = soles(np.full(30, 500.0))
    points[..., 0] += np.arange(30)[:, None] * 100
    lift, contact = settle(points, RATE)
    assert not contact.any()
    np.testing.assert_allclose(lift, -500.0)
