"""``corruptbench contract``: write and check the contract of a lifter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import names, options
from corruptbench.cli.commands import Group, example
from corruptbench.cli.output import say, say_text
from corruptbench.cli.words import Name

if TYPE_CHECKING:
    from corruptbench.lifters.contract import Contract
    from corruptbench.lifters.lifter import Lifter

#: Continued lines stand below the words of the first one.
_HANG = 12
#: What each probe compares.
_COMPARED = {
    "random": "the same input twice",
    "batch": "the same windows together with others, and two at a time",
    "window": "the same window, with other frames around it",
    "length": "the same frames in a longer and in a shorter sequence",
}
#: Likewise for a lifter that draws samples: it draws them for a batch.
_COMPARED_SAMPLES = _COMPARED | {
    "random": "the same input twice, with the same seed",
    "batch": "the same windows together with others",
}


@click.group(cls=Group, epilog=example("corruptbench contract init --family videopose3d"))
def command() -> None:
    """Write or check the contract of a lifter: what it reads and gives."""


@command.command(
    epilog=example("corruptbench contract init --family mixste --name my-lifter --out my.toml")
)
@click.option(
    "--family", type=Name(names.families),
    help=f"Public model of the same conventions: {', '.join(names.families())}.",
)  # fmt: skip
@click.option("--name", default="my-lifter", show_default=True, help="Of the lifter, in tables.")
@options.always_quiet
@options.out("lifter.toml", "The new file. A file that exists is not replaced.")
def init(family: str | None, name: str, out: Path) -> None:
    """Write a contract with every key, its meaning and its default."""
    from corruptbench.errors import InputError
    from corruptbench.files import atomic
    from corruptbench.lifters.families import family_of, template, unfilled_keys
    from corruptbench.progress import note

    if out.exists():
        raise InputError(f"{out}: exists, and may hold your own lines; name another", "out")
    found = family_of(family) if family else None
    text = template(name, found)
    with atomic(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    check = f"corruptbench contract check {out}"
    if unfilled := unfilled_keys(found):
        note(
            f"fill in {' and '.join(unfilled)} with the numbers of your training code; {check} "
            "says how many are missing"
        )
    else:
        note(f"set frames as in your training; {check} says what it means")
    say(f"contract: {out}")


@command.command(
    epilog=example(
        "corruptbench contract check my.toml", "corruptbench contract check my.toml m.pt2"
    )
)
@click.argument("contract", metavar="CONTRACT", type=options.PATH)
@click.argument("model", type=options.PATH, required=False)
@options.device
@options.always_quiet
def check(contract: Path, model: Path | None, device: str) -> None:
    """Say what a contract means and, with a model, what each probe of it measures.

    A model is a program, and this command runs it as evaluate does. Exit code: 2 if the contract or
    the model is wrong.
    """
    from corruptbench.errors import InputError
    from corruptbench.lifters.contract_file import MODELS, read_contract
    from corruptbench.lifters.explain import explained

    if contract.is_file() and contract.suffix in MODELS:
        raise InputError(
            f"{contract}: a model; expected a contract (.toml), and then the model: contract check "
            "my.toml model.pt2"
        )
    declared = read_contract(contract)
    if model is not None:
        _check_inside(model, declared, contract)  # now rather than below what the contract means
    for subject, words in explained(declared):
        say_text(f"{subject + ':':11} {words}", _HANG)
    if model is not None:
        _check_model(model, device, declared)


def _check_model(model: Path, device: str, declared: Contract) -> None:
    from corruptbench.lifters.lifter import open_lifter

    lifter = open_lifter(model, device, contract=declared)
    try:
        _say_probes(lifter)
    finally:
        lifter.close()


def _check_inside(model: Path, declared: Contract, where: Path) -> None:
    """Check that the contract inside a model, if there is one, is that of the file."""
    from corruptbench.errors import InputError
    from corruptbench.lifters.archive import inspect
    from corruptbench.lifters.contract import EXTRA_FILE, Contract

    stored = inspect(model, trust=False).contract
    if stored is None:
        return
    inside = Contract.parse(stored, f"{model}: {EXTRA_FILE}", "export it again")
    for key in Contract.model_fields:
        there, here = getattr(inside, key), getattr(declared, key)
        if key not in ("format", "name") and there != here:
            raise InputError(
                f"{model}: its own contract says {key} = {there!r}, and {where} {here!r}; the one "
                "inside counts: export the model again, or correct the file"
            )


def _say_probes(lifter: Lifter) -> None:
    from corruptbench.errors import InputError
    from corruptbench.lifters.probes import check_output, findings, share

    say_text(f"model:      {lifter.name}, {lifter.parameters} parameters", _HANG)
    check_output(lifter)
    say("shapes:     right at two batch sizes, and all numbers are finite")
    failed = []
    for name, finding in findings(lifter):
        if finding is None:
            say(f"{name + ':':11} does not apply")
            continue
        compared = _COMPARED_SAMPLES if lifter.contract.samples > 1 else _COMPARED
        differ = f"{compared[name]}: differ by {share(finding.difference)}"
        say_text(f"{name + ':':11} {differ}", _HANG)
        if finding.fault:
            failed.append(name)
            say_text(f"{'':11} fault: {finding.fault}", hang=2)
    if failed:
        raise InputError(
            f"{lifter.contract.name}: failed {', '.join(failed)}; correct the model or its "
            f"contract (evaluate --allow {failed[0]} scores it anyway, and marks the result)"
        )
