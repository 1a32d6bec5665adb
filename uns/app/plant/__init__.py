"""The plant directory: namespace as code, read with the line and column of every fault."""

from uns.app.plant.files import PlantFiles
from uns.app.plant.load import load_files, load_plant
from uns.app.plant.plant import Plant
from uns.app.plant.problem import Problem

__all__ = ["Plant", "PlantFiles", "Problem", "load_files", "load_plant"]
