"""``corruptbench export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import options
from corruptbench.cli.commands import Command, example
from corruptbench.cli.output import say_text
from corruptbench.cli.target import check_target
from corruptbench.lifters.allowance import BEFORE

if TYPE_CHECKING:
    from torch import nn

    from corruptbench.lifters.author_code import Author
    from corruptbench.lifters.contract import Contract
    from corruptbench.lifters.export_file import ExportedFile

_FORMATS = {".pt2": "torch.export", ".pt": "TorchScript"}


class Export(Command):
    """Names the command that had this name before."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words.

        Raises:
            click.UsageError: they are wrong, or those of ``convert``.
        """
        if any(word.partition("=")[0] == "--format" for word in args):
            raise click.UsageError(
                "no option '--format': the files of other repositories are written by corruptbench "
                "convert, with the options that export had before.",
                ctx,
            )
        return super().parse_args(ctx, args)


@click.command(
    cls=Export,
    epilog=example(
        "corruptbench export model.py:build --weights best.bin --contract my.toml --out my.pt2"
    ),
)
@click.argument("code", metavar="FILE.py:FUNCTION")
@click.option("--weights", type=options.PATH, help="Checkpoint of the training.")
@click.option("--random", is_flag=True, help="For a trial: leave the weights as they are built.")
@click.option(
    "--contract", "contract_file", type=options.PATH, required=True,
    help="Says what the network reads and gives. corruptbench contract init writes one.",
)  # fmt: skip
@click.option(
    "--allow", multiple=True, metavar="PROBE",
    help="Write a lifter that fails this probe; evaluate needs the same option. One of "
    f"{', '.join(BEFORE)}.",
)  # fmt: skip
@options.quiet
@click.option("--out", type=options.PATH, help="model.pt2 or model.pt. Default: NAME.pt2.")
def command(
    code: str, weights: Path | None, random: bool, contract_file: Path, allow: tuple[str, ...],
    quiet: bool, out: Path | None,
) -> None:  # fmt: skip
    """Write an exported lifter from your own code and checkpoint.

    FUNCTION takes no arguments and returns the network, a torch.nn.Module that takes the keypoints.
    Your code runs with your rights. Every weight must fit: a part of a checkpoint is refused. The
    written file is compared with the network and probed. A network that torch.export cannot follow
    is traced.
    """
    from corruptbench.lifters.author_code import Author
    from corruptbench.lifters.contract import Contract
    from corruptbench.lifters.contract_file import read_contract
    from corruptbench.lifters.export_file import export_file
    from corruptbench.progress import note

    if weights is not None and random:
        raise click.UsageError("--weights and --random: expected one of them.")
    contract = read_contract(contract_file)
    if random:
        fields = contract.model_dump() | {"name": f"{contract.name}-random"}
        contract = Contract.checked(fields, f"{contract_file} with --random")
    target = out or Path(f"{contract.name}.pt2")
    author = Author(code)
    for source in (weights, contract_file, author.file):
        check_target(target, _FORMATS, source)
    network, said = _network(author, weights, random)
    say_text(said)
    if not quiet:
        note("exporting, comparing and probing; this can take a minute")
    _say(export_file(network, author, contract, target, allow), contract)


def _network(author: Author, weights: Path | None, random: bool) -> tuple[nn.Module, str]:
    """Return the network with its weights, and where they are from."""
    import torch

    from corruptbench.errors import InputError
    from corruptbench.lifters.author_code import differing, unsaved
    from corruptbench.lifters.checkpoint import load_weights

    torch.manual_seed(0)
    network = author.build()
    if weights is not None:
        said = load_weights(network, weights)
        for name in unsaved(network):
            say_text(
                f"warning: {name} is in a plain list or dictionary, so no checkpoint holds its "
                "weights; nn.ModuleList or nn.ParameterList would"
            )
        return network, said
    if random:
        return network, "weights: as they are built (--random)"
    count = differing(author, network)
    if count:
        raise InputError(
            f"{author.file}:{author.function} leaves {count} of {len(network.state_dict())} "
            "tensors at random; give --weights CHECKPOINT, or --random for a trial"
        )
    return network, f"weights: those that {author.function} loads"


def _say(done: ExportedFile, contract: Contract) -> None:
    from corruptbench.lifters.probes import share
    from corruptbench.progress import counted

    if done.traced:
        say_text(f"traced, because torch.export cannot follow the network: {done.traced}")
    shapes = " and ".join(map(str, done.shapes))
    say_text(f"the file gives the network's poses: {share(done.difference)} for inputs {shapes}")
    for name in done.failed:
        say_text(f"marked: it failed probe '{name}', which was allowed")
    say_text(
        f"contract: {contract.name}, window {contract.window}, {counted(contract.frames, 'frame')}"
    )
    say_text(f"model: {done.path}")
