"""What torch would run, other than operators, when it loads an archive.

Written after torch 2.13: ``torch/export/pt2_archive/_package.py`` (load_pt2),
``torch/export/__init__.py`` (load, for flat archives) and ``torch/jit/_serialization.py`` (load).
"""

from __future__ import annotations

import re
import zipfile
from typing import Any

from corruptbench.errors import InputError
from corruptbench.lifters import exported_graph, pickle_names, script_code

#: A class of ``__main__`` has no module between its name and ``__torch__``.
_SCRIPT_NAMES = re.compile(
    rf"__torch__(?!\.torch\.classes\b(?!\.(?:{'|'.join(script_code.CLASSES)})\b))(?:\.[\w.]+)? \w+"
    r"|torch\.jit\._pickle \w+|torch\._utils _rebuild_\w+|torch \w+|collections OrderedDict"
    r"|torch\.storage \w+"
)
_SCRIPT_SOURCE = re.compile(r"code/.+\.py")
_SCRIPT_DEBUG = re.compile(r"code/.+\.py\.debug_pkl")
_SCRIPT_PICKLES = ("data.pkl", "constants.pkl")
_PAYLOAD = re.compile(r"(weight|tensor)_\d{1,9}")


def check_export(archive: zipfile.ZipFile, root: str, trust: bool, where: str) -> None:
    """Check a ``.pt2`` as torch 2.8 and later write it.

    Args:
        archive: the file.
        root: the folder in it that holds all members, with its slash.
        trust: admit libraries of AOTInductor, which are compiled code.
        where: the file's name in messages.

    Raises:
        InputError: a part is missing, or loading it would run code.
    """
    names = {name.removeprefix(root) for name in archive.namelist()}
    _check_libraries(names, trust, where)
    models = sorted(n for n in names if n.startswith("models/") and not n.endswith("/"))
    if "models/model.json" not in models:
        raise InputError(f"{where}: no models/model.json inside; write it with torch.export.save")
    for path in models:
        if not re.fullmatch(r"models/[\w-]+\.json", path):
            raise InputError(f"{where}: a strange member '{path}'; export the model again")
        _check_model(archive, root, path[len("models/") : -len(".json")], where)


def _check_libraries(names: set[str], trust: bool, where: str) -> None:
    libraries = sorted(n for n in names if n.startswith("data/aotinductor/"))
    if libraries and not trust:
        raise InputError(
            f"{where}: it holds compiled code of AOTInductor ({libraries[0]}), which can do "
            "anything on this machine; refused, and nothing of it was run. Export the model with "
            "torch.export.save, or say that you trust this file"
        )


def _check_model(archive: zipfile.ZipFile, root: str, model: str, where: str) -> None:
    path = f"models/{model}.json"
    exported_graph.check_graph(_read(archive, root, path, where), f"{where}: {path}")
    samples = f"data/sample_inputs/{model}.pt"
    pickle_names.check_saved(_read(archive, root, samples, where), f"{where}: {samples}")
    for kind in ("weights", "constants"):
        old = f"data/{kind}/{model}.pt"
        if root + old in archive.namelist():
            pickle_names.check_saved(_read(archive, root, old, where), f"{where}: {old}")
        else:
            config = f"data/{kind}/{model}_{kind}_config.json"
            data = _read(archive, root, config, where)
            _check_payloads(exported_graph.parsed(data, where), f"{where}: {config}")


def _check_payloads(config: dict[str, Any], where: str) -> None:
    exported_graph.check_texts(config, where)
    entries = config.get("config")
    for name, entry in (entries if isinstance(entries, dict) else {}).items():
        file, pickled = entry.get("path_name"), entry.get("use_pickle")
        if pickled is not False or not _PAYLOAD.fullmatch(str(file)):
            raise InputError(
                f"{where}: '{name}' is stored as a pickled object ({file}), which can run any code "
                "when it is loaded; refused, and nothing of it was run. Export the model with "
                "plain tensors as weights and constants"
            )


def _read(archive: zipfile.ZipFile, root: str, name: str, where: str) -> bytes:
    try:
        return archive.read(root + name)
    except KeyError:
        raise InputError(f"{where}: its member '{name}' is missing; export it again") from None


def check_flat_export(archive: zipfile.ZipFile, where: str) -> None:
    """Check a ``.pt2`` as torch 2.1 to 2.7 wrote it: a flat archive with pickled weights.

    Raises:
        InputError: a part is missing, or loading it would run code.
    """
    graph = "serialized_exported_program.json"
    exported_graph.check_graph(archive.read(graph), f"{where}: {graph}")
    for name in archive.namelist():
        if name.startswith("serialized_") and name != graph:
            pickle_names.check_saved(archive.read(name), f"{where}: {name}")
        elif not _is_flat_member(name):
            raise InputError(f"{where}: a strange member '{name}'; export the model again")


def _is_flat_member(name: str) -> bool:
    """Return whether a flat archive has this member.

    Torch takes the folder of the first member for the archive, and tells no capital letters from
    small ones. A second archive in there, which nothing here has checked, must not be.
    """
    if name.lower() == "extra_files/archive_format":
        return False
    return name.startswith("extra_files/") or name in (
        "serialized_exported_program.json",
        "version",
    )


def check_script(archive: zipfile.ZipFile, root: str, where: str) -> None:
    """Check TorchScript: its code may compute, not open files or use compiled classes.

    Its pickles are opened by a reader that makes no Python objects.

    Raises:
        InputError: the code does more, a pickle asks for other names, or a member is strange.
    """
    for name in archive.namelist():
        inside = name.removeprefix(root)
        if _SCRIPT_SOURCE.fullmatch(inside):
            code = archive.read(name).decode(errors="replace")
            script_code.check_code(code, f"{where}: {inside}")
        elif inside in _SCRIPT_PICKLES:
            _check_script_names(archive.read(name), f"{where}: {inside}")
        elif _is_strange_in_script(inside):
            raise InputError(f"{where}: a strange member '{inside}'; export the model again")


def _is_strange_in_script(name: str) -> bool:
    """Return whether torch may load this member as code, unchecked.

    Torch tells no capital letters from small ones in names of members. Where there is a
    ``model.json``, it reads the format of torch 1.0, whose code may lie in any member.
    """
    lower = name.lower()
    if lower in (*_SCRIPT_PICKLES, "model.json"):
        return True
    is_folder = name.endswith("/")  # it holds no bytes that torch reads
    return lower.startswith("code/") and not is_folder and not _SCRIPT_DEBUG.fullmatch(name)


def _check_script_names(pickle: bytes, where: str) -> None:
    try:
        strange = sorted(n for n in pickle_names.names(pickle) if not _SCRIPT_NAMES.fullmatch(n))
    except Exception as error:  # pickletools raises what its readers raise
        raise InputError(f"{where}: a pickle that cannot be checked ({error})") from None
    if strange:
        name = strange[0].replace(" ", ".")
        raise InputError(f"{where}: it asks for {name}, which TorchScript does not need; refused")
