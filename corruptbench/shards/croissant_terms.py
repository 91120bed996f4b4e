"""Words of Croissant 1.0 and its RAI extension, and the columns of a shard in these words."""

from __future__ import annotations

from typing import Any

from corruptbench.skeleton import JointSet

#: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html and
#: https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html
CONFORMS_TO = [
    "http://mlcommons.org/croissant/1.0",
    "http://mlcommons.org/croissant/RAI/1.0",
]

#: Terms that stand for those of Croissant with the same name.
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
#: The context of appendix 1 of the specification, with two terms more that mlcroissant expects.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}

PARQUET = "application/x-parquet"
FILES, RECORDS = "shards", "detections"


def fields(joints: JointSet) -> list[dict[str, Any]]:
    """Return the fields of a record, which is a frame of a clip in a cell.

    Args:
        joints: the joint set of the detector.
    """
    names = ", ".join(joints.joints)
    return [
        _clip(),
        _column("corruption", "sc:Text", "Name of the corruption; 'clean' for none."),
        _column("severity", "sc:Integer", "Severity, 1 to 5; 0 for clean (int8)."),
        _column("frame", "sc:Integer", "Number of the frame in the clip, from 0 (int32)."),
        _column(
            "keypoints",
            "sc:Float",
            f"x and y of each joint in turn, in pixels of the full frame, x to the right and y "
            f"down, in steps of 1/64 px; NaN where nobody is in view (float32). Joint set "
            f"{joints.name}: {names}.",
            repeated=True,
        ),
        _column(
            "scores",
            "sc:Float",
            "Confidence of the detector in each joint, in the same order (float32).",
            repeated=True,
        ),
        _column(
            "box",
            "sc:Float",
            "x0, y0, x1, y1 in pixels of the box that the crop was cut around (float32).",
            repeated=True,
        ),
        _column(
            "hidden",
            "sc:Float",
            "Share of the person's box that the corruption hides, 0 to 1 (float32).",
        ),
        _column(
            "hidden_joints",
            "sc:Integer",
            "Bit mask of the labels' joints that the corruption hides, joint 0 in the lowest bit, "
            "in the order of the labels' joint set (uint32).",
        ),
    ]


def _column(name: str, kind: str, text: str, repeated: bool = False) -> dict[str, Any]:
    return {
        **_named(name, kind, text),
        **({"repeated": True} if repeated else {}),
        "source": {"fileSet": {"@id": FILES}, "extract": {"column": name}},
    }


def _clip() -> dict[str, Any]:
    """Return the field that is not a column: a clip's identity is the path of its file."""
    return {
        **_named("clip", "sc:Text", "Identity of the clip: dataset/subject/sequence.camera."),
        "source": {
            "fileSet": {"@id": FILES},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": r"keypoints/(.+)\.parquet"},
        },
    }


def _named(name: str, kind: str, text: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{RECORDS}/{name}",
        "name": name,
        "description": text,
        "dataType": kind,
    }
