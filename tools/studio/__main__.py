"""Render the studio data set: `python -m tools.studio --motions DIR --out ROOT --split test`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np

from .cameras import CAMERAS
from .clips import pose_clip
from .framing import boxes_px
from .joints import h36m_joints
from .layout import write_dataset, write_labels
from .motion import MotionFolder
from .outfit import dress
from .people import SUBJECTS
from .plan import Clip, default_plan, read_plan
from .produce import Job, missing_cameras, render
from .rig import landmarks


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.studio", description=__doc__)
    parser.add_argument("--motions", type=Path, required=True, help="folder of motion files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--split", choices=("train", "test", "all"), default="all")
    parser.add_argument("--plan", type=Path, help="JSON list of clips instead of the default plan")
    parser.add_argument("--all-labels", action="store_true", help="labels of both splits")
    parser.add_argument("--labels-only", action="store_true", help="no videos")
    parser.add_argument("--crf", type=int, default=18, help="quality of the videos (x264)")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    plan = read_plan(options.plan) if options.plan else default_plan()
    clips = [clip for clip in plan if options.split in ("all", clip.split)]
    labelled = list(plan) if options.all_labels else clips
    frames = write_all_labels(options.motions, options.out, labelled)
    write_dataset(options.out, labelled)
    print(f"labels: {len(labelled)} clips, {sum(frames.values())} time frames", flush=True)
    if not options.labels_only:
        jobs = [Job(options.motions, options.out, clip, options.crf) for clip in clips]
        render_all(jobs, frames, options.workers)


def write_all_labels(motions: Path, root: Path, clips: list[Clip]) -> dict[str, int]:
    """Write the labels of all subjects; returns the number of time frames per clip name."""
    folder = MotionFolder(motions)
    frames: dict[str, int] = {}
    for subject in sorted({clip.subject for clip in clips}):
        _, rig = dress(SUBJECTS[subject])
        joints: dict[str, np.ndarray] = {}
        boxes: dict[str, dict[str, np.ndarray]] = {camera.name: {} for camera in CAMERAS}
        for clip in clips:
            if clip.subject == subject:
                pose, _ = pose_clip(folder, rig, clip)
                joints[clip.sequence] = h36m_joints(rig, pose)
                for camera in CAMERAS:
                    boxes[camera.name][clip.sequence] = boxes_px(landmarks(rig, pose), camera)
                frames[clip.name] = pose.frames
        write_labels(root, subject, joints, boxes)
    return frames


def render_all(jobs: list[Job], frames: dict[str, int], workers: int) -> None:
    """Render what is missing, several clips at a time, and report progress."""
    os.environ.setdefault("LP_NUM_THREADS", "1")
    todo = [job for job in jobs if missing_cameras(job)]
    total = sum(frames[job.clip.name] * len(missing_cameras(job)) for job in todo)
    began, done = time.monotonic(), 0
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for number, (name, pictures) in enumerate(pool.imap_unordered(render, todo), 1):
            done += pictures
            rate = done / (time.monotonic() - began)
            left = (total - done) / max(rate, 1e-9)
            print(
                f"[{number}/{len(todo)}] {name}: {done}/{total} pictures,"
                f" {rate:.1f}/s, {left / 60:.1f} min left",
                flush=True,
            )


if __name__ == "__main__":
    main()
