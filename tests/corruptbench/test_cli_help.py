"""Help, completion and suggestions: fast, complete and true."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from corruptbench.cli import group, names
from corruptbench.cli.commands import COMMANDS
from corruptbench.cli.convert import FORMATS
from corruptbench.convert import FORMATS as WRITERS
from corruptbench.convert import JOINT_SETS as WRITTEN
from corruptbench.corruptions import all_corruptions
from corruptbench.detectors import families
from corruptbench.manifest import known_manifests
from corruptbench.skeleton import JOINT_SETS
from corruptbench.training.architectures import ARCHITECTURES
from corruptbench.training.config import Config, Schedule
from corruptbench.video.writer import CRF

#: What takes long to import.
HEAVY = {
    "av", "cv2", "fastapi", "h5py", "numba", "numpy", "onnxruntime", "pandas", "pyarrow",
    "pydantic", "rich", "scipy", "sqlalchemy", "torch", "uvicorn",
}  # fmt: skip


def walk(command: click.Command, path: tuple[str, ...] = ()):
    """Give every command with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                yield from walk(command.get_command(context, name), (*path, name))


ALL = dict(walk(group))
#: A command keeps the help option of its first context forever: each context needs these.
SETTINGS = {"help_option_names": ["-h", "--help"]}
COMPLETIONS = {
    "": "evaluate",
    "leaderboard ": "render",
    "build --": "--manifest",
    "build --manifest st": "studio-c-mini",
    "build --corruption er": "erase",
    "build --detector ": "movenet:thunder",
    "corrupt in.mp4 out.mp4 --corruption cam": "camera_shake",
    "data check hu": "humaneva",
    "evaluate model.pt2 --device ": "cuda",
    "convert --format ": "motionbert",
    "convert --joints ": "coco17",
    "train videopose3d --joints ": "humaneva15",
    "weights fetch ": "movenet:lightning",
}


def modules_and_output(*words: str, **environment: str) -> tuple[set[str], str]:
    """Run the command line in a process; return the modules that it imported, and its stdout."""
    code = """if True:
        import atexit, json, os, sys
        report = lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr)
        atexit.register(report)
        from corruptbench.cli import main
        main(sys.argv[1:])
    """
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True, text=True, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_imports_nothing_heavy(path):
    modules, out = modules_and_output(*path, "-h")
    assert "Usage: corruptbench" in out
    assert not HEAVY & modules


@pytest.mark.parametrize("typed", COMPLETIONS)
def test_completion_imports_nothing_heavy(typed):
    words = shlex.split(typed)
    modules, out = modules_and_output(
        _CORRUPTBENCH_COMPLETE="bash_complete",
        COMP_WORDS=f"corruptbench {typed}",
        COMP_CWORD=str(len(words) + typed.endswith(" ") or 1),
    )
    assert COMPLETIONS[typed] in [line.partition(",")[2] for line in out.splitlines()]
    assert not HEAVY & modules


def test_a_typo_imports_nothing_heavy():
    modules, _ = modules_and_output("biuld")
    assert not HEAVY & modules


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_example_can_be_parsed(path):
    command = ALL[path]
    if path == ():
        return
    lines = [line.strip() for line in command.epilog.splitlines()]
    examples = [line for line in lines if line.startswith("corruptbench ")]
    assert examples
    for line in examples:
        words = shlex.split(line.partition(">")[0])[1:]
        while words and not words[0].startswith("-") and (called := (words[0],)) in ALL:
            found, words = ALL[called], words[1:]
            if isinstance(found, click.Group):
                assert (*called, words[0]) in ALL
                found, words = ALL[*called, words[0]], words[1:]
            found.make_context(line, words, **SETTINGS)
            break
        else:
            raise AssertionError(line)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_has_a_help(path):
    options = [p for p in ALL[path].params if isinstance(p, click.Option)]
    assert all(option.help for option in options)


def test_the_names_are_those_of_the_libraries():
    assert names.corruptions() == sorted(all_corruptions())
    assert names.manifests() == known_manifests()
    assert names.joint_sets() == list(JOINT_SETS)
    assert set(names.joint_sets()) == set(WRITTEN)
    detectors = sorted(f"{f}:{v}" for f, vs in families().items() for v in vs)
    assert names.detectors() == [name for name in detectors if "*" not in name]
    assert names.ground_truths() == ["ground-truth:projected", "ground-truth:measured"]
    assert list(WRITERS) == FORMATS
    assert names.lifters() == list(ARCHITECTURES)
    folder = Path(names.__file__).parents[1] / "datasets"
    found = {p.stem for p in folder.glob("*.py") if "def open_root(" in p.read_text()}
    found |= {
        p.parent.name for p in folder.glob("*/__init__.py") if "def open_root(" in p.read_text()
    }
    assert set(names.datasets()) == found


def test_the_defaults_are_those_of_the_libraries():
    fields = Config.model_fields | Schedule.model_fields
    for option in ALL["train",].params:
        text = (option.help or "") if isinstance(option, click.Option) else ""
        stated = re.findall(r"Default: (\d+)\b", text) + re.findall(r"(\w+) \(default\)", text)
        if stated:
            default = fields[option.name].default
            assert stated == [f"{default:g}" if isinstance(default, float) else str(default)]
    assert {p.name: p for p in ALL["corrupt",].params}["crf"].default == CRF
    crf = {p.name: p for p in ALL["build",].params}["crf"]
    assert f"Default: {CRF}." in crf.help


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        (("build",), names.manifests() + names.detectors() + names.ground_truths()),
        (("build",), names.corruptions()),
        (("corrupt",), names.corruptions() + names.detectors()),
        (("data", "check"), names.datasets() + names.manifests()),
        (("convert",), names.joint_sets() + FORMATS),
        (("preview",), names.corruptions()),
        (("train",), ["h36m17", "humaneva15"]),
    ],
)
def test_help_lists_the_names(path, listed, cli):
    out = "".join(cli(*path, "--help").out.split())
    assert [name for name in listed if name not in out] == []


def test_the_list_of_commands(cli):
    folder = Path(names.__file__).parent
    defined = {p.stem for p in folder.glob("*.py") if "\ndef command(" in p.read_text()}
    assert sorted(COMMANDS) == list(COMMANDS)
    assert defined == {name.replace("-", "_") for name in COMMANDS}
    assert all(f"\n  {name} " in cli("-h").out for name in COMMANDS)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("evalute model.pt2", "'evaluate'"),
        ("leaderboard shwo", "'show'"),
        ("data chek studio", "'check'"),
        ("build --manifst studio-c", "--manifest"),
        ("build --manifest studio-d", "'studio-c'"),
        ("build --corruption gausian_noise", "'gaussian_noise'"),
        ("build --detector movenet:lightening", "'movenet:lightning'"),
        ("corrupt a.mp4 b.mp4 --corruption camera-shake", "'camera_shake'"),
        ("data check human3.6m", "'human36m'"),
        ("convert --format videopose --out x", "'videopose3d'"),
        ("train videopose3d --joints h36m", "'h36m17'"),
        ("weights fetch movenet", "'movenet:"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion(words, meant, cli):
    done = cli(*words.split())
    assert done.code == 2
    assert done.out == ""
    assert f"Did you mean {meant}" in done.err.replace("Did you mean '--", "Did you mean --")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell, cli):
    assert "_CORRUPTBENCH_COMPLETE" in cli("completion", shell).out


def test_every_command_takes_quiet():
    commands = {path: c for path, c in ALL.items() if not isinstance(c, click.Group)}
    assert len(commands) > 15
    lacking = [p for p, c in commands.items() if not any("--quiet" in o.opts for o in c.params)]
    assert lacking == []


def test_a_command_ends_without_a_look_at_every_object():
    """The collector of reference cycles takes 0.3 s for what was imported, and frees nothing."""
    tell = "atexit.register(lambda: print(gc.get_freeze_count()))"
    run = f"import atexit, gc; {tell}; from corruptbench.cli import main; main(['--version'])"
    ran = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert int(ran.stdout.splitlines()[-1]) > 1000
