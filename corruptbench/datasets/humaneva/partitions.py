"""The official partition of HumanEva-I, and the published facts that its files are checked against.

Frames count from 1, both ends included, on the clock that a recording's cameras share (see
`corruptbench.datasets.humaneva.sync`). Sources: partition, the official support code (v1.1 beta,
he_dataset.m); starts and camera positions, VideoPose3D's data preparation and camera table. The
first five frames belong to no partition: an encoder's fault repeats the first picture there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from corruptbench.datasets.base import ClipId

Partition = Literal["Validate", "Train"]
PARTITIONS: tuple[Partition, ...] = ("Validate", "Train")

#: The color cameras. The four gray ones (BW1 to BW4) are not read; only their clocks are.
CAMERAS = ("C1", "C2", "C3")


@dataclass(frozen=True)
class Recording:
    """Trial 1 of an action by a subject, the one that has both video and motion capture.

    Attributes:
        subject: "S1" to "S3".
        action: as the files spell it.
        starts: of C1, C2, C3: the video's frame, from 1, that is frame 1 of the common clock.
        validate: first and last frame of the Validate partition, the field's test set.
        train: of the Train partition.
    """

    subject: str
    action: str
    starts: tuple[int, int, int]
    validate: tuple[int, int]
    train: tuple[int, int]

    @property
    def name(self) -> str:
        """The name that the files have: "Walking_1"."""
        return f"{self.action}_1"

    def frames(self, partition: Partition) -> tuple[int, int]:
        """Return the first and last frame of a partition."""
        return self.validate if partition == "Validate" else self.train

    def clip(self, partition: Partition, camera: str) -> ClipId:
        """Return a partition, seen by a camera."""
        sequence = f"{self.name}_{partition}"
        return ClipId("humaneva", self.subject, sequence, camera, self.action)

    def clips(self) -> list[ClipId]:
        """Return all clips of the recording."""
        return [self.clip(p, camera) for p in PARTITIONS for camera in CAMERAS]

    def count(self, partition: Partition) -> int:
        """Return the number of frames of a partition."""
        first, last = self.frames(partition)
        return last - first + 1


OFFICIAL = (
    Recording("S1", "Walking", (82, 81, 82), (6, 590), (591, 1203)),
    Recording("S1", "Jog", (51, 51, 50), (6, 367), (368, 740)),
    Recording("S1", "ThrowCatch", (61, 61, 60), (6, 473), (474, 945)),
    Recording("S1", "Gestures", (45, 45, 44), (6, 395), (396, 801)),
    Recording("S1", "Box", (57, 57, 56), (6, 385), (386, 789)),
    Recording("S2", "Walking", (115, 115, 114), (6, 438), (439, 876)),
    Recording("S2", "Jog", (100, 100, 99), (6, 398), (399, 795)),
    Recording("S2", "ThrowCatch", (127, 127, 127), (6, 550), (551, 1128)),
    Recording("S2", "Gestures", (122, 122, 121), (6, 500), (501, 901)),
    Recording("S2", "Box", (119, 119, 117), (6, 382), (383, 734)),
    Recording("S3", "Walking", (80, 80, 80), (6, 448), (449, 939)),
    Recording("S3", "Jog", (65, 65, 65), (6, 401), (402, 842)),
    # Its motion capture is damaged; VideoPose3D leaves it out, and so may a copy.
    Recording("S3", "ThrowCatch", (79, 79, 79), (6, 493), (494, 1027)),
    Recording("S3", "Gestures", (83, 83, 82), (6, 533), (534, 1102)),
    Recording("S3", "Box", (1, 1, 1), (6, 512), (513, 1021)),
)

#: Camera centers, world mm, by subject: C1, C2, C3. S1 and S3 were recorded with the same set-up.
POSITIONS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "S1": (
        (4062.227, 663.2477, 1528.397),
        (844.8131, -3805.2092, 1504.9929),
        (-797.67377, 3916.3174, 1433.6602),
    ),
    "S2": (
        (4112.9121, 626.4929, 1545.2988),
        (923.574, -3877.9243, 1504.5518),
        (-781.4915, 3838.8853, 1444.9929),
    ),
    "S3": (
        (4062.2271, 663.2477, 1528.397),
        (844.8131, -3805.2092, 1504.9929),
        (-797.6738, 3916.3174, 1433.6602),
    ),
}
