"""Can these plant files run here? Read, checked, and compiled as far as it takes no loop."""

from collections.abc import Mapping

import msgspec

from uns.app.counted import counted
from uns.app.models import refusal
from uns.app.plant import Plant, PlantFiles, load_files
from uns.app.plant.files import SETTINGS, is_plant_file
from uns.errors import Finding, UnsError
from uns.policy import CompiledAdmission
from uns.registry.admit import admission_findings
from uns.registry.store import ModelRecord
from uns.security import Account, load_accounts


class Candidate(msgspec.Struct, frozen=True):
    """A plant that could run, with its files by path."""

    plant: Plant
    files: Mapping[str, bytes]
    admission: CompiledAdmission
    accounts: dict[str, Account]


def read_candidate(running: Plant, files: Mapping[str, bytes], models: ModelRecord) -> Candidate:
    """Takes seconds for ten thousand assets: call it in a thread.

    Raises UnsError: `request.files` for a path that no plant file has, `plant.invalid` with the first error,
    `model.*` for a version that ran before and says something else now, or breaks what it promised, `plant.secret`
    for a user whose secret cannot be read.
    """
    for name in files:
        if not is_plant_file(name):
            raise UnsError(
                Finding(
                    id="request.files",
                    what=f"'{name[:120]}' is no plant file.",
                    where=name[:120],
                    hint="Send what uns.yaml leaves: namespace.yaml, access.yaml, models/, sources/.",
                )
            )
    settings = {name: content for name, content in running.files.contents.items() if name == SETTINGS}
    plant = load_files(PlantFiles({**settings, **files}), running.directory, running.environ)
    if plant.errors:
        plant.namespace.dissolve()
        raise UnsError(_invalid(plant))
    refused = list(admission_findings(plant.registry.models(), models.versions()))
    if refused:
        plant.namespace.dissolve()
        raise UnsError(refusal(refused))
    return Candidate(plant, dict(files), plant.admission(), load_accounts(plant.access, plant.directory, plant.environ))


def _invalid(plant: Plant) -> Finding:
    first = plant.errors[0]
    more = f" ({counted(len(plant.errors), 'error')} in all)" if len(plant.errors) > 1 else ""
    place = f"{first.file}:{first.line}:{first.column}" if first.line else first.file
    return Finding(
        id="plant.invalid",
        what=f"these files cannot run{more}: {place}: {first.finding.id}: {first.finding.what}",
        where=place,
        hint=first.finding.hint or "'uns check DIR' lists every error.",
        nearest=first.finding.nearest,
    )
