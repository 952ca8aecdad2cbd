"""The list of sources, and a package for each: how its data are asked for and become staged text."""
