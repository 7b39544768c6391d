"""A component of spaCy's pipelines: `nlp.add_pipe("cman_tf", config={"model": "runs/sample"})`.

It sets `doc.ents` and `doc._.relations`. spaCy finds it by the entry point `spacy_factories`, so that nothing need be
imported. spaCy imports this module whenever a pipeline is made, with the component or without it. Therefore the module
imports little, and the model and TensorFlow only when the component is made.
"""

# No `from __future__ import annotations` here: spaCy reads the annotations of a factory at run time.
from typing import Optional

from spacy.language import Language


@Language.factory(
    "cman_tf",
    assigns=["doc.ents", "doc._.relations"],
    default_config={
        "model": "conll04",
        "checkpoint": "best",
        "ents": "replace",
        "relation_threshold": None,
        "entity_threshold": None,
        "thresholds": "default",
        "constrain_types": "off",
        "symmetric_relations": [],
        "on_long": "window",
        "batch_tokens": 2048,
        "extension": "relations",
        "encoder": None,
    },
)
def make_pipe(
    nlp: Language,
    name: str,
    model: str,
    checkpoint: str,
    ents: str,
    relation_threshold: Optional[float],
    entity_threshold: Optional[float],
    thresholds: str,
    constrain_types: str,
    symmetric_relations: list[str],
    on_long: str,
    batch_tokens: int,
    extension: str,
    encoder: Optional[dict[str, str]],
):
    """Make the component. spaCy calls this with the values of the component's config.

    Args:
      nlp: the pipeline, not used.
      name: the component's name, not used.
      model: the directory of a run of `cman-tf train`, or `conll04`.
      checkpoint: `best` (the best epoch on dev) or `last`.
      ents: what becomes of entities that a document has: `replace`, `keep` or `given`, as for `SpacyAnnotator`.
      relation_threshold: as for `cman_tf.Extractor.extract`, and so are `entity_threshold`, `on_long`, `batch_tokens`.
      entity_threshold: see `relation_threshold`.
      thresholds: as for `cman_tf.load`.
      constrain_types: as for `cman_tf.load`.
      symmetric_relations: as for `cman_tf.load`.
      on_long: see `relation_threshold`.
      batch_tokens: see `relation_threshold`.
      extension: the name of the attribute `doc._.NAME` that holds the relations.
      encoder: the place of the contextual encoder or of the index of passages if it moved, under the names of the
        flags, as for `cman_tf.load`.

    Returns:
      The component, a `SpacyAnnotator`.

    Raises:
      DataError: if there is no model, or if a value is none of those that are possible.
    """
    import cman_tf
    from cman_tf.integrations.spacy_annotator import SpacyAnnotator, validate_ents
    from cman_tf.integrations.spacy_relations import define_extension

    validate_ents(ents)
    loaded = cman_tf.load(
        model, checkpoint, constrain_types, symmetric_relations, thresholds=thresholds, **(encoder or {})
    )
    options = {
        "relation_threshold": relation_threshold,
        "entity_threshold": entity_threshold,
        "on_long": on_long,
        "batch_tokens": batch_tokens,
    }
    loaded.extract([], **options)  # says what is wrong with them
    define_extension(extension)
    return SpacyAnnotator(loaded, options, ents, extension)
