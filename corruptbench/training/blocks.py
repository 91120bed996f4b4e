"""A lifter of short blocks as one of long blocks: what is in front of it then sees more frames."""

from __future__ import annotations

from torch import Tensor, nn


class InBlocks(nn.Module):
    """Lifts (B, N frames, J, C) as N blocks of ``frames`` each: -> (B, N frames, J, 3) meters.

    Attributes:
        network: takes (B, frames, J, C) and gives (B, frames, J, 3).
        frames: of a block.
    """

    def __init__(self, network: nn.Module, frames: int) -> None:
        """Take a lifter of blocks.

        Args:
            network: see the class.
            frames: see the class.
        """
        super().__init__()
        self.network, self.frames = network, frames

    def forward(self, x: Tensor) -> Tensor:
        """Lift a batch; the class states the shapes.

        Raises:
            ValueError: the number of frames is no multiple of those of a block.
        """
        if x.shape[1] % self.frames:
            raise ValueError(
                f"found {x.shape[1]} frames, expected a multiple of {self.frames}: those of a block"
            )
        blocks = x.reshape(-1, self.frames, *x.shape[2:])
        return self.network(blocks).reshape(-1, x.shape[1], x.shape[2], 3)  # type: ignore[no-any-return]
