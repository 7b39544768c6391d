"""The sample corpus: {train,dev,test}.json here, written by `generate`."""

import pathlib

DIRECTORY = pathlib.Path(__file__).resolve().parent
