"""Installation of cman_tf. The pins are the versions that the tests ran with."""

import pathlib
import re

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
# Later ones of 4.x do not load PyTorch's safetensors without PyTorch; 5 has no TensorFlow.
TRANSFORMERS = ["transformers==4.49.0"]
# mkdocs 2 has no plugins. Python 3.9 and 3.10 need older releases of the others.
DOCS = [
    "mkdocs==1.6.1",
    "mkdocs-material==9.8.2; python_version >= '3.11'",
    "mkdocs-material==9.7.7; python_version < '3.11'",
    "mkdocstrings==1.0.8; python_version >= '3.11'",
    "mkdocstrings==0.30.1; python_version < '3.11'",
    "mkdocstrings-python==2.0.11; python_version >= '3.11'",
    "mkdocstrings-python==1.18.2; python_version < '3.11'",
    "pymdown-extensions==13.1.2; python_full_version >= '3.11.5'",
    "pymdown-extensions==12.3; python_version >= '3.11' and python_full_version < '3.11.5'",
    "pymdown-extensions==10.21.3; python_version < '3.11'",
]
GLOVE = ["pyarrow==17.0.0"]  # the last one that numpy 1.26 fits on Python 3.9 to 3.11
SPACY = ["spacy==3.7.5", "click<9"]  # the last one of 3.7, which numpy 1.26 fits; it imports a name that click 9 drops
# FastAPI 0.128.8 and uvicorn 0.39.0 are the last ones for Python 3.9, FastAPI 0.162.5 is for 3.10.
SERVE = [
    "fastapi==0.165.0; python_version >= '3.11'",
    "fastapi==0.162.5; python_version == '3.10'",
    "fastapi==0.128.8; python_version < '3.10'",
    "uvicorn==0.54.0; python_version >= '3.10'",
    "uvicorn==0.39.0; python_version < '3.10'",
]
PLAYWRIGHT = ["playwright==1.65.2; python_version >= '3.10'", "playwright==1.60.0; python_version < '3.10'"]
SEARCH = ["optuna==5.0.0"]
RAY = [  # there is no Ray of today for Python 3.9
    "ray[data]==2.60.0; python_version >= '3.10'",
    "pandas==3.0.6; python_version >= '3.11'",  # Ray's, for which it names no bound
    "pandas==2.3.3; python_version == '3.10'",
    *GLOVE,
]
RETRIEVAL = ["bm25s==0.3.16"]  # which needs numpy only
REPORT = ["matplotlib==3.9.4", "scipy==1.13.1"]  # figures and tests of significance


class BuildWithFlagfiles(build_py):
    """The package with the flagfiles of flags/ in it, for those who install it without the checkout."""

    def run(self) -> None:
        super().run()
        if not getattr(self, "editable_mode", False):
            folder = pathlib.Path(self.build_lib, "cman_tf", "flagfiles")
            for path in sorted((HERE / "flags").glob("*.flags")):
                self.copy_file(str(path), str(folder / path.name))


setup(
    name="cman-tf",
    version=re.search(r'__version__ = "(.+)"', (HERE / "cman_tf" / "__init__.py").read_text(encoding="utf-8"))[1],
    description="CMAN and dynamic CMAN: joint entity and relation extraction with cross-modal attention",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.9,<3.12",
    packages=find_packages(include=["cman_tf", "cman_tf.*"]),
    package_data={
        "cman_tf": ["environment.sh", "py.typed"],
        "cman_tf.data.tokenizers": ["code_points.txt"],
        "cman_tf.attention_view": ["templates/*"],
        "cman_tf.checking": ["templates/*.jinja"],
        "cman_tf.experiments": ["templates/*.jinja"],
        "cman_tf.pretrained": ["*/*"],
        "cman_tf.pages": ["templates/*"],
        "cman_tf.visualizing": ["templates/*"],
        "cman_tf.comparing": ["templates/*"],
        "cman_tf.sample": ["*.json"],
        "cman_tf.tuning": ["templates/*.jinja"],
        "cman_tf.searching": ["templates/*"],
        "cman_tf.serving": ["templates/*"],
    },
    cmdclass={"build_py": BuildWithFlagfiles},
    entry_points={
        "console_scripts": ["cman-tf=cman_tf.__main__:main"],
        "spacy_factories": ["cman_tf=cman_tf.integrations.spacy_pipe:make_pipe"],
    },
    install_requires=[
        "tensorflow==2.15.1",
        "tensorflow-addons==0.23.0",
        "tensorflow-hub==0.16.1",
        "tf-keras==2.15.1",  # of tensorflow-hub; a later one would move TensorFlow
        "typeguard==2.13.3",  # of tensorflow-addons
        "setuptools<81",  # tensorflow-hub imports pkg_resources
        "numpy==1.26.4",
        "h5py>=3.9,<4",
        "Jinja2==3.1.6",
        "absl-py==2.3.1",
        "tqdm==4.70.1",
    ],
    extras_require={
        "transformers": TRANSFORMERS,
        "minilm": TRANSFORMERS,  # and cman-tf download minilm
        "mpnet": TRANSFORMERS,  # and cman-tf download mpnet
        "spacy": SPACY,  # .spacy files, --tokenizer=spacy:en, and the component of spaCy's pipelines
        "glove": GLOVE,  # and cman-tf download glove
        "plots": REPORT,  # as the extra was called before
        "report": REPORT,
        "serve": SERVE,  # cman-tf serve
        "search": SEARCH,  # cman-tf search
        "ray": RAY,  # cman-tf extract
        "retrieval": RETRIEVAL,  # cman-tf index
        "docs": DOCS,
        "test": [
            "pytest==8.4.2",
            "pytest-timeout==2.4.0",
            "pytest-xdist==3.8.0",
            "pytest-cov==7.1.0",
            "hypothesis==6.170.17; python_version >= '3.11'",
            "hypothesis==6.168.5; python_version == '3.10'",
            "hypothesis==6.141.1; python_version < '3.10'",
            "pyright[nodejs]==1.1.414",  # with Node from the package index, none need be installed
            "ruff==0.17.5",
            "build==1.6.1; python_version >= '3.10'",
            "build==1.3.0; python_version < '3.10'",
            *PLAYWRIGHT,  # drives Debian's chromium, for which it needs none of its own
            *REPORT,
            *GLOVE,
            *SPACY,
            *SERVE,
            *SEARCH,
            *RAY,
            *RETRIEVAL,
            *TRANSFORMERS,
            *DOCS,
        ],
    },
)
