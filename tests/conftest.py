"""What the tests share: small corpora, small models, and the real corpora if they are there."""

import fcntl
import functools
import gc
import importlib.util
import json
import os
import pathlib
import shutil
import sys

import hypothesis
import pytest
from browser import open_chromium
from helpers import EXTRAS, ROOT, SMALL, TINY_FLAGS, TRAINED_EPOCHS, call_command, needs_extra

from cman_tf.data.types import Entity, Relation, Sentence

# The same examples in every run. HYPOTHESIS_PROFILE=default searches with new ones.
os.environ.setdefault("CMAN_FSYNC", "off")  # waiting for the disk takes half a minute of all tests together
hypothesis.settings.register_profile("same_examples", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same_examples"))


def pytest_runtest_setup(item):
    """Skip a test whose extra is not installed; then settle TensorFlow."""
    for marker in item.iter_markers("extra"):
        if importlib.util.find_spec(EXTRAS[marker.kwargs["name"]]) is None:
            pytest.skip(needs_extra(marker.kwargs["name"]))
    _leave_out_rewriting()


def _leave_out_rewriting():
    """Leave out TensorFlow's rewriting of graphs in this process: it takes a third of the time of small models.

    Commands in processes of their own run with it, as users' do.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """Give back the memory of a test's graphs, a few hundred megabytes for each model that is trained.

    TensorFlow keeps the gradient of each custom gradient in each graph for ever, and with it the graph.
    """
    ops = sys.modules.get("tensorflow.python.framework.ops")
    gradients = ops.gradient_registry._registry if ops else {}
    names = [name for name in gradients if name.startswith("CustomGradient-")]
    for name in names:
        del gradients[name]
    if names:
        gc.collect()


@pytest.fixture(scope="module")
def chromium():
    """A browser for the pages that we write."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def data_dir():
    """The directory of the real corpora."""
    folder = os.environ.get("CMAN_DATA_DIR")
    if not folder or not pathlib.Path(folder).is_dir():
        pytest.skip("CMAN_DATA_DIR does not name the directory of the corpora")
    return pathlib.Path(folder)


@pytest.fixture
def elmo(data_dir, tmp_path):
    """AllenNLP's tiny ELMo, where it can be moved from."""
    folder = tmp_path / "elmo"
    shutil.copytree(data_dir / "elmo_fixture_allennlp", folder)
    return folder


@pytest.fixture
def sentences():
    """Four sentences of unlike length, with no, one and several relations."""
    return [
        Sentence(
            ("Ann", "Lee", "of", "Rome", "works", "for", "Fox", "."),
            (Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 6, 7)),
            (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2)),
        ),
        Sentence(
            ("Nothing", "happened", "."),
        ),
        Sentence(
            ("Rome", "is", "in", "New", "Italy"),
            (Entity("Loc", 0, 1), Entity("Loc", 3, 5)),
            (Relation("Located_In", 0, 1),),
        ),
        Sentence(
            ("Fox", "News", "Corp.", "of", "Rome", "hired", "Bo", ",", "Ann", "and", "Lee", "."),
            (
                Entity("Org", 0, 3),
                Entity("Loc", 4, 5),
                Entity("Peop", 6, 7),
                Entity("Peop", 8, 9),
                Entity("Peop", 10, 11),
            ),
            (
                Relation("OrgBased_In", 0, 1),
                Relation("Work_For", 2, 0),
                Relation("Work_For", 3, 0),
                Relation("Work_For", 4, 0),
            ),
        ),
    ]


@pytest.fixture
def vocabulary(sentences):
    from cman_tf.data.vocabulary import Vocabulary

    return Vocabulary.build(sentences)


@pytest.fixture
def make_model(vocabulary):
    """Make a small model with all weights random and large enough to matter."""
    import dataclasses

    import tensorflow as tf

    from cman_tf.models.factory import build_model

    def make(**changes):
        tf.keras.utils.set_random_seed(3)
        model = build_model(dataclasses.replace(SMALL, **changes).resolved(), vocabulary)
        for variable in model.trainable_variables:
            variable.assign_add(tf.random.normal(variable.shape, stddev=0.3))
        return model

    return make


@pytest.fixture
def run_eagerly():
    """Have TensorFlow run functions as Python, or not. Small models take a tenth of the time where none is traced."""
    import tensorflow as tf

    yield tf.config.run_functions_eagerly
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def make_batch(vocabulary):
    """Make a batch of tensors from sentences."""
    import tensorflow as tf

    from cman_tf.data.batches import make_batch, make_example
    from cman_tf.layers.input_features import list_features

    features = list_features(SMALL, vocabulary)

    def make(sentences):
        batch = make_batch([make_example(sentence, vocabulary) for sentence in sentences], features)
        return {name: tf.constant(array) for name, array in batch.items()}

    return make


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Make a directory once for all of pytest's processes: the first that asks for it makes it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def get(name, make):
        with (base / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            folder = base / name
            if not (base / f".{name}.made").exists():
                shutil.rmtree(folder, ignore_errors=True)  # of one that failed
                folder.mkdir()
                make(folder)
                (base / f".{name}.made").touch()
        return folder

    return get


@pytest.fixture(scope="session")
def golden():
    """Name to a model of tests/golden, loaded once in a process: tracing it takes seconds. Tests leave it as it is."""
    import cman_tf

    return functools.cache(lambda name: cman_tf.load(ROOT / "tests" / "golden" / name))


@pytest.fixture(scope="session")
def eight_sentences(shared):
    """A corpus of eight short sentences of the sample, the same as train, dev and test."""
    from cman_tf.formats.corpus_files import read_corpus
    from cman_tf.formats.spert_json import dump_json
    from cman_tf.sample import DIRECTORY

    def make(folder):
        related = [s for s in read_corpus(DIRECTORY / "train.json").sentences if s.relations]
        sentences = sorted(related, key=lambda s: len(s.tokens))[:8]
        for split in ("train", "dev", "test"):
            (folder / f"{split}.json").write_text(dump_json(sentences))

    return shared("eight", make)


@pytest.fixture(scope="session")
def trained(shared, eight_sentences):
    """Model name to the directory of a run that the train command overfitted to them."""

    def get(model):
        def make(folder):
            arguments = [f"--data_dir={eight_sentences}", f"--model_dir={folder}/run", f"--model={model}"]
            process = call_command("cman_tf.train", *arguments, f"--epochs={TRAINED_EPOCHS}", *TINY_FLAGS)
            assert process.returncode == 0, process.stderr[-3000:]

        return shared(f"trained_{model}", make) / "run"

    return get


@pytest.fixture(scope="session")
def passage_index(shared, eight_sentences):
    """The training sentences and some others as an index."""

    def make(folder):
        known = [" ".join(s["tokens"]) for s in json.loads((eight_sentences / "train.json").read_text())]
        others = ["Rome is the capital of Italy.", "Ann Lee was born in Rome in 1950.", "Fox News is a company."]
        (folder / "corpus.txt").write_text("\n\n".join([*known, *others]) + "\n")
        process = call_command("cman_tf.index", f"{folder}/corpus.txt", f"{folder}/index")
        assert process.returncode == 0, process.stderr

    return shared("index_to_retrieve", make) / "index"


@pytest.fixture(scope="session")
def retrieving(shared, eight_sentences, passage_index):
    """A run that retrieves from the index, cooperatively; with what it printed."""

    def make(folder):
        arguments = [f"--data_dir={eight_sentences}", f"--retrieve={passage_index}", "--retrieved_tokens=12"]
        arguments += [*TINY_FLAGS, "--cooperative_weight=0.1", f"--model_dir={folder}/run", "--noxla", "--epochs=2"]
        process = call_command("cman_tf.train", *arguments, cwd=folder)
        assert process.returncode == 0, process.stderr
        (folder / "stdout").write_text(process.stdout)

    return shared("retrieving", make)


@pytest.fixture(scope="session")
def held_out(shared, eight_sentences):
    """The eight sentences as another file, since the models were trained on the first one."""

    def make(folder):
        content = json.loads((eight_sentences / "dev.json").read_text())
        for name in ("held_out", "test"):
            for sentence in content:  # one more word makes it a sentence that was not trained on
                sentence["tokens"].append(name)
            (folder / f"{name}.json").write_text(json.dumps(content))

    return shared("held_out", make) / "held_out.json"


@pytest.fixture(scope="session")
def mixture(shared, trained, held_out):
    """The folder of a mixture, with what the command printed."""

    def make(folder):
        experts = f"{trained('dynamic_cman')},{trained('multihead')}"
        arguments = [f"--experts={experts}", f"--data={held_out}", f"--test={held_out.parent}/test.json", "--folds=2"]
        process = call_command("cman_tf.mixture", *arguments, f"--model_dir={folder}/run")
        assert process.returncode == 0, process.stderr
        (folder / "stdout").write_text(process.stdout)

    return shared("mixture", make)
