"""HumanEva's MATLAB files, version 4 to 7. Run these functions in the sandbox."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray

from corruptbench.errors import InputError

_AGAIN = "download and unpack Mocap_Data again"


def numbers(path: str, name: str) -> NDArray[np.float64]:
    """Return a variable as float64, in its shape and unit in the file.

    Raises:
        InputError: when the file is damaged, of version 7.3, or lacks the variable.
    """
    return np.array(_read(path, name)[name], dtype=np.float64)


def capture(path: str) -> tuple[NDArray[np.float64], list[str]]:
    """Return markers (n, M, 3) float64 mm and their M labels, of a file that readc3d wrote.

    Raises:
        InputError: as `numbers`, and for other shapes.
    """
    content = _read(path, "Markers", "ParameterGroup")
    markers = np.asarray(content["Markers"], dtype=np.float64)
    group = _named(content["ParameterGroup"], "POINT", path)
    labels = [_text(x) for x in np.ravel(_named(group.Parameter, "LABELS", path).data)]
    count = markers.shape[1] if markers.ndim == 3 else -1
    if markers.shape[2:] != (3,) or len(labels) < count:
        raise InputError(
            f"{path}: Markers of shape {markers.shape} with {len(labels)} labels; expected "
            f"(frames, markers, 3) and a label for each marker; {_AGAIN}"
        )
    return markers, labels[:count]


def _read(path: str, *names: str) -> dict[str, Any]:
    """Return the variables of a file, structs as objects."""
    try:
        content = scipy.io.loadmat(path, struct_as_record=False)
    except NotImplementedError:
        raise InputError(
            f"{path}: a MATLAB file of version 7.3, expected version 5 to 7: save it with -v7"
        ) from None
    missing = [name for name in names if name not in content]
    if missing:
        raise InputError(
            f"{path}: holds no {' and no '.join(missing)}; it has "
            f"{', '.join(n for n in content if not n.startswith('__')) or 'nothing'}; is it "
            "another file? Fetch or convert it again"
        )
    return dict(content)


def _named(structs: object, name: str, path: str) -> Any:
    """Return the struct of that name, or one whose name contains it."""
    names = {_text(getattr(s, "name", "")): s for s in np.ravel(np.asarray(structs))}
    for found, struct in sorted(names.items(), key=lambda item: item[0] != name):
        if name in found:
            return struct
    raise InputError(
        f"{path}: ParameterGroup holds no {name}; expected the output of readc3d; {_AGAIN}"
    )


def _text(value: object) -> str:
    """Return what a cell with one string holds; nothing for an empty one."""
    while isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return str(value).strip()
