"""All people of the studio set."""

from __future__ import annotations

from .drawn_people import draw_person
from .subjects import CHOSEN, Subject

#: People whose looks are drawn. They are trained on.
DRAWN = tuple(f"S{number}" for number in range(8, 16))
SUBJECTS: dict[str, Subject] = CHOSEN | {name: draw_person(name) for name in DRAWN}
