"""The sample corpus: train.json, dev.json and test.json in this folder, which `generate` writes."""

import pathlib

DIRECTORY = pathlib.Path(__file__).resolve().parent
