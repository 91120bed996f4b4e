"""The names that a file of ``torch.save`` asks for, found without opening it.

Torch opens the pickles inside a ``.pt2`` with ``weights_only``, and, where that refuses, again
without (``torch/_export/serde/serialize.py``, deserialize_torch_artifact). A pickle can call
anything then. So each is read here as a list of instructions, and none of them is executed.
"""

from __future__ import annotations

import io
import pickletools
import zipfile

from corruptbench.errors import InputError
from corruptbench.lifters import zip_members

_FLOATS, _INTEGERS = ("float64", "float32", "float16", "bfloat16"), ("int64", "int32", "int16")
_DTYPES = (*_FLOATS, *_INTEGERS, "int8", "uint8", "bool", "complex64", "complex128")
_STORAGES = ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
#: What plain tensors, parameters and containers need: a part of what ``weights_only`` admits.
TENSOR_NAMES = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        "torch._tensor _rebuild_from_type_v2",
        "torch.nn.parameter Parameter",
        "torch Tensor",
        "torch Size",
        "torch device",
        "torch.storage UntypedStorage",
        *(f"torch {name}" for name in _DTYPES),
        *(f"torch {name}Storage" for name in _STORAGES),
    }
)
#: Instructions that find objects in another way than by a name in clear.
_HIDDEN = frozenset(["INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4", "PERSID"])


def names(pickle: bytes) -> set[str]:
    """Return the names that a pickle asks for, as "module name", without executing it.

    Raises:
        ValueError: it is no pickle, or hides its names.
    """
    found: set[str] = set()
    for instruction, argument, _ in pickletools.genops(pickle):
        if instruction.name in _HIDDEN:
            raise ValueError(f"its instruction {instruction.name} hides a name")
        if instruction.name == "GLOBAL":
            found.add(str(argument))
    return found


def check_saved(data: bytes, where: str) -> None:
    """Check that what ``torch.save`` wrote holds tensors, numbers, texts and containers only.

    Args:
        data: a file of torch.save; empty where there is nothing.
        where: its name in messages.

    Raises:
        InputError: it is no such file, or asks for anything else.
    """
    if not data:
        return
    if not data.startswith(b"PK\x03\x04"):
        raise InputError(f"{where}: not what torch.save writes; export the model again")
    with zip_members.opened(io.BytesIO(data), where) as archive:
        inside = {name.partition("/")[2]: name for name in archive.namelist()}
        if len({name.partition("/")[0] for name in archive.namelist()}) != 1:
            raise InputError(f"{where}: not one folder, as torch.save writes; export it again")
        if "data.pkl" not in inside or "constants.pkl" in inside:
            raise InputError(f"{where}: not what torch.save writes; export the model again")
        strange = _strange(archive, inside["data.pkl"], where)
    if strange:
        raise InputError(
            f"{where}: opening it would call {', '.join(strange)}, which a lifter does not need; "
            "refused, and nothing of it was run. Expected tensors, numbers, texts, lists and "
            "dictionaries: export with an example input of plain tensors"
        )


def _strange(archive: zipfile.ZipFile, member: str, where: str) -> list[str]:
    try:
        found = names(archive.read(member))
    except Exception as error:  # pickletools raises what its readers raise
        raise InputError(
            f"{where}: a pickle that cannot be checked ({error}); export the model again"
        ) from None
    return [name.replace(" ", ".") for name in sorted(found - TENSOR_NAMES)]
