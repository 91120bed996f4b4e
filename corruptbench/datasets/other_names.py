"""Fields under the names that other tools give them, and how to get ours from theirs.

People copy calibrations from OpenCV, Anipose, Pose2Sim, Qualisys, Human3.6M and others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from corruptbench.records import problem

#: The matrix of a Rodrigues vector.
RODRIGUES = "cv2.Rodrigues(np.array(rvec))[0].tolist()"
#: What a matrix M of rotation and translation holds.
FROM_MATRIX = (
    "rotation is M[:3, :3].tolist() and position (-M[:3, :3].T @ M[:3, 3]).tolist() in mm, for M "
    "from world to camera"
)
SECTION = "'Other lenses' in docs/data.md"

_LENS = "is distortion, [k1, k2, p1, p2, k3] as OpenCV has them, with model 'opencv'"
#: How `tvec` of OpenCV becomes a position.
_POSITION = "position is (-R.T @ tvec).tolist() in mm, for R from world to camera axes"
_INTRINSICS = (
    "focal_length is [K[0][0], K[1][1]] and principal_point [K[0][2] + 0.5, K[1][2] + 0.5], for K "
    "of OpenCV"
)
_FOCAL = "focal_length is [fx, fy] in pixels; from mm: f * width / sensor width"
_CENTER = "principal_point is [cx + 0.5, cy + 0.5], for cx and cy of OpenCV"
_MODEL = "model is 'none', 'opencv' or 'human36m'"

#: The names of others, folded as `_fold` does, in one text, and what to write in their place.
_CAMERA = {
    "k matrix intrinsics intrinsic intrinsicmatrix cameramatrix mtx calibrationmatrix": _INTRINSICS,
    "f fx fy focal focals focallengthpx focallengthmm sensorwidth": _FOCAL,
    "focallengthu focallengthv centerpointu centerpointv": (
        "Qualisys counts in 1/64 px: focal_length is [focalLengthU / 64, focalLengthV / 64] and "
        "principal_point [centerPointU / 64, centerPointV / 64]"
    ),
    "r11 r12 r13 r21 r22 r23 r31 r32 r33": (
        "rotation is (np.diag([1, -1, -1]) @ [[r11, r12, r13], [r21, r22, r23], [r31, r32, r33]])"
        ".tolist() for those of Qualisys"
    ),
    "x y z": "position is [x, y, z] in mm",
    "fov fieldofview hfov": "focal_length is [f, f] with f = width / 2 / tan(fov / 2)",
    "cx cy center centre principal opticalcenter u0 v0": _CENTER,
    "d dist dists distcoeffs distcoef distcoeff distortions distortioncoefficients coeffs k1 k2 k3 "
    "p1 p2 radial tangential radialdistortion tangentialdistortion lensdistortion": _LENS,
    "r rmat rot rotationmatrix orientation": (
        f"is rotation, 3 x 3, from world to camera axes; from a Rodrigues vector: {RODRIGUES}"
    ),
    "rvec rodrigues rotationvector rvecs": (f"rotation is {RODRIGUES}, from world to camera axes"),
    "q quaternion quat": (
        "rotation is Rotation.from_quat([x, y, z, w]).as_matrix().tolist() of "
        "scipy.spatial.transform, from world to camera axes"
    ),
    "t tvec tvecs trans translation translationvector": _POSITION,
    "rt extrinsics extrinsic extrinsicmatrix transform pose worldtocamera w2c": FROM_MATRIX,
    "p projection projectionmatrix": (
        "K, R, c = cv2.decomposeProjectionMatrix(P)[:3] gives rotation R and position "
        "(c[:3] / c[3]).ravel().tolist() in mm; divide K by K[2, 2]; " + _INTRINSICS
    ),
    "size resolution imsize imgsize imagesize framesize dimensions": "give width and height, px",
    "w imagewidth resw": "is width",
    "h imageheight resh": "is height",
    "name id serial camid cameraid": "remove it: the key of the camera is its name",
    "type cameratype cameramodel lens lensmodel distortionmodel": _MODEL,
    "fisheye": (
        "remove it if it is false; the videos of a fisheye lens must be undistorted first: "
        f"{SECTION}"
    ),
}
_DATASET = {
    "license licenses": "is licence",
    "framerate rate hz frequency framespersecond samplerate": "is fps",
    "camera calibration calibrations cams": "is cameras",
    "subjects clips videos actions recordings": (
        "is sequences, {subject: {sequence: action}}; videos are found by their names"
    ),
    "skeleton keypoints jointset layout": "is joints",
    "unit": "is units",
    "camerasofsubjects camerasbysubject persubject": "is subject_cameras",
}


def _by_name(ways: Mapping[str, str]) -> dict[str, str]:
    return {name: way for names, way in ways.items() for name in names.split()}


CAMERA, DATASET = _by_name(_CAMERA), _by_name(_DATASET)


def refuse_others(
    content: object, fields: Collection[str], ways: Mapping[str, str], record: str
) -> None:
    """Raise an error of pydantic that says what to write in place of the first unknown field.

    Args:
        content: what a file gives for the record; what is no mapping is left to pydantic.
        fields: the names of the record's fields.
        ways: `CAMERA` or `DATASET`.
        record: what it describes, for the message.
    """
    unknown = [k for k in content if k not in fields] if isinstance(content, Mapping) else []
    if unknown:
        # One that is known is worth more than one that may be a note of somebody's own.
        name = next((n for n in unknown if _fold(n) in ways), unknown[0])
        raise problem(f"{name}: no field of {record}; {_way(name, fields, ways)}")


def _way(name: str, fields: Collection[str], ways: Mapping[str, str]) -> str:
    """Return what to write in place of a name that is not a field."""
    ours = {_fold(field): field for field in fields}
    if _fold(name) in ours:
        return f"rename it to {ours[_fold(name)]}"
    if _fold(name) in ways:
        way = ways[_fold(name)]
        return f"it {way}" if way.startswith("is ") else way
    near = get_close_matches(_fold(name), ours, n=1)
    return f"did you mean {ours[near[0]]}?" if near else f"expected {', '.join(fields)}; remove it"


def _fold(name: str) -> str:
    return name.lower().translate(str.maketrans("", "", "_- "))
