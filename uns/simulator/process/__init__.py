"""The physics of the simulated plant: pure models, stepped by seconds, with the random source as an argument."""
