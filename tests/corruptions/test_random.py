from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from corruptbench.corruptions import Key
from corruptbench.corruptions.random import NORMAL_16, NORMAL_SCALE


# Known-answer vectors of Philox 4x32-10 published with Random123 (kat_vectors).
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_known_answers(counter, key, expected):
    words = Key(*key).words(np.array([counter], dtype=np.uint32))
    assert tuple(words[0].tolist()) == expected


def test_key_is_the_published_digest_of_the_identity():
    import hashlib

    digest = hashlib.sha256(b'["studio-c",1,"erase",3]').digest()
    key = Key.of("studio-c", 1, "erase", 3)
    assert (key.k0, key.k1) == (
        int.from_bytes(digest[:4], "little"),
        int.from_bytes(digest[4:8], "little"),
    )


def test_keys_do_not_run_together():
    assert Key.of("ab", "c") != Key.of("a", "bc")
    assert Key.of("a", 1) != Key.of("a", "1")


def test_uniform_is_uniform_and_independent_of_order():
    key = Key.of("uniform")
    forward = [key.uniform(0, i) for i in range(4000)]
    assert forward == [key.uniform(0, i) for i in reversed(range(4000))][::-1]
    assert stats.kstest(forward, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(forward, [key.uniform(1, i) for i in range(4000)])[0, 1]) < 0.05


def test_normal_table_has_the_quantiles_of_the_normal_distribution():
    expected = stats.norm.ppf((np.arange(65536) + 0.5) / 65536)
    assert np.abs(NORMAL_16 / NORMAL_SCALE - expected).max() <= 0.5 / NORMAL_SCALE + 1e-9
    assert np.array_equal(NORMAL_16, -NORMAL_16[::-1])
