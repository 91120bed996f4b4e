"""Say what a build is about to do, and show how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from corruptbench.builder.outlook import Outlook
from corruptbench.builder.runner import Announce, Progress
from corruptbench.progress import Meter, counted, duration, megabytes, note


@contextmanager
def build_progress(title: str, workers: int, shown: bool) -> Iterator[tuple[Announce, Progress]]:
    """Give the two callbacks of a build; they print nothing unless ``shown``."""
    if not shown or sys.stderr is None:
        yield lambda found: None, lambda crops, clips: None  # noqa: ARG005
        return
    with ExitStack() as stack:
        meters: list[Meter] = []
        clips = 0

        def announce(found: Outlook) -> None:
            note(
                f"{title}, {counted(found.clips, 'clip')}, {found.missing} to build "
                f"({counted(found.crops, 'crop')}), {counted(workers, 'worker')}"
            )
            for text in found.notes:
                note(text)
            if found.missing:
                room = "" if found.free is None else f" ({megabytes(found.free)} are free)"
                note(
                    f"{counted(found.frames, 'frame')}; at least {duration(found.seconds)}, longer "
                    "if other programs run (the progress says what is left at the measured rate), "
                    f"and about {megabytes(found.size)}{room}"
                )
                meters.append(stack.enter_context(Meter("build", found.crops, "crops")))

        def advance(crops_done: int, clips_done: int) -> None:
            nonlocal clips
            clips += clips_done
            meters[0].advance(crops_done, f"({counted(clips, 'clip')})")

        yield announce, advance
