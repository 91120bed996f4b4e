"""corruptbench: how much does a 2D-to-3D human pose lifter lose when the video is corrupted?"""

from importlib.metadata import version

__version__ = version("corruptbench")
