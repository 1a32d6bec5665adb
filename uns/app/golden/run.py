"""Every golden message and every test of a plant directory, judged offline."""

from collections.abc import Mapping

from uns.app.golden.case import Case
from uns.app.golden.samples import run_samples
from uns.app.golden.topics import run_topics
from uns.app.plant.plant import Plant


def run_cases(plant: Plant, environ: Mapping[str, str]) -> list[Case]:
    """The samples beside the models, then tests/*.yaml. The plant must have no errors."""
    return [*run_samples(plant.directory, plant.registry), *run_topics(plant, environ)]
