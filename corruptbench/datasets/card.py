"""What a description of a data set must say: where it is from, whom it shows, its terms.

docs/data_card.md says more of the studio set.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """Facts of a data set, as sentences for people.

    Attributes:
        title: of the data set.
        license: of what is made from it: the address of a license, or a sentence.
        publishable: whether what is made from it may be passed on; None where it is not known.
        collection: how pictures and motion were made.
        labels: how the labels were made.
        people: what personal or sensitive information there is.
        biases: whom and what it shows, and whom not.
        limitations: what must not be concluded from it.
        synthetic: whether the people are synthetic; None where that is not known or not so simple,
            as where programs corrupt video of real people.
    """

    title: str
    license: str
    publishable: bool | None
    collection: str
    labels: str
    people: str
    biases: tuple[str, ...]
    limitations: tuple[str, ...]
    synthetic: bool | None = None


STUDIO = Card(
    title="studio, the rendered data set of corruptbench",
    license="https://creativecommons.org/publicdomain/zero/1.0/",
    publishable=True,
    collection="People are rendered from a parametric body (Anny) in one room with four calibrated "
    "cameras, 512 x 512 px at 50 frames a second. Their motion is real: CMU Graphics Lab Motion "
    "Capture Database, mocap.cs.cmu.edu, funded by NSF EIA-0196217.",
    labels="Exact: 17 joints in world millimeters, with the names, order and bone lengths of "
    "Human3.6M. The definition is that of corruptbench.",
    people="None: the people do not exist. The motion is that of performers who are not named.",
    biases=(
        "Few people: two in the test split, thirteen in the training split.",
        "Adults without disability only: no children, no old people, no wheelchairs, canes or "
        "prostheses.",
        "Tight clothes only: no skirts, coats or hats.",
        "One room and one light: no other people, no furniture in front of a person, no outdoor "
        "scenes.",
        "Eight upright actions: nobody sits, lies or turns upside down.",
        "Motion of a few performers of one laboratory, moved to other bodies, also of another sex.",
    ),
    limitations=(
        "The pictures are rendered: the error of a lifter on them says nothing about its error on "
        "real footage.",
        "Numbers cannot be compared with those on Human3.6M or HumanEva.",
        "Not for systems that identify people or infer their sex, age or ancestry.",
    ),
    synthetic=True,
)


def _licensed(title: str, source: str, biases: tuple[str, ...]) -> Card:
    return Card(
        title=title,
        license=f"Made from {title}, whose license does not allow passing on what is made from it. "
        "The files are for their builder only, who has a license. This description and lock.json "
        "hold no data and may be passed on.",
        publishable=False,
        collection=f"Recorded by others: {source}. Video and motion capture of real people.",
        labels="Motion capture of the original data set, which is not part of these files.",
        people="Keypoints of real people, who can be told apart by body and motion. No pictures.",
        biases=biases,
        limitations=("Indoor recordings of one laboratory do not stand for footage in the wild.",),
    )


HUMAN36M = _licensed(
    "Human3.6M",
    "Ionescu, Papava, Olaru and Sminchisescu, TPAMI 2014",
    ("Few people: two in the usual test split.", "One laboratory with four cameras."),
)
HUMANEVA = _licensed(
    "HumanEva-I",
    "Sigal, Balan and Black, IJCV 2010",
    ("Few people: four in all.", "One laboratory."),
)
_CARDS = {"studio": STUDIO, "human36m": HUMAN36M, "humaneva": HUMANEVA}


def card_of(name: str) -> Card:
    """Return the card of a data set; of one that is not known here, a card that says so."""
    unknown = f"Not known to corruptbench: ask the owner of the data set {name}."
    own = Card(name, unknown, None, unknown, unknown, unknown, (unknown,), (unknown,))
    return _CARDS.get(name, own)
