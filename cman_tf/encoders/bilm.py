"""ELMo's biLM in TensorFlow, for the files that AllenNLP and bilm-tf published.

Source: Peters et al. 2018, "Deep contextualized word representations". The weights have the layout of bilm-tf. A
character CNN, highway layers and a projection give the first vector of each token. LSTM layers with projection and
clipping follow, for each direction.

Shapes: B sentences, L tokens with both boundaries, C characters of a token, d width of the projection (512 in the
published models), u LSTM cells (4096).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.layers.linear import linear

# Character ids are bytes, followed by these. `character_ids` adds 1 to all of them, because 0 pads sentences.
BEGIN_SENTENCE, END_SENTENCE, BEGIN_WORD, END_WORD, PAD = 256, 257, 258, 259, 260

State = tuple[tf.Tensor, tf.Tensor]  # c [B, u] and h [B, d]


def character_ids(token: str | int, limit: int) -> list[int]:
    """Return the character ids of a token: its UTF-8 bytes between the word marks, padded.

    Args:
      token: the token's text, or the id of a sentence boundary.
      limit: C, the number of ids. Longer tokens are cut at the end.
    """
    inner = [token] if isinstance(token, int) else list(token.encode("utf-8"))[: limit - 2]
    ids = [BEGIN_WORD, *inner, END_WORD]
    return [i + 1 for i in ids + [PAD] * (limit - len(ids))]


class BiLM(tf.Module):
    """The language models of both directions.

    Args:
      options: the content of the options file.
      weights: the arrays of the weight file, by name.
    """

    def __init__(self, options: dict[str, Any], weights: dict[str, np.ndarray]) -> None:
        super().__init__()
        cnn, lstm = options["char_cnn"], options["lstm"]
        self.limit: int = cnn["max_characters_per_token"]
        self.activation = {"relu": tf.nn.relu, "tanh": tf.tanh}[cnn["activation"]]
        self.filters, self.highways = len(cnn["filters"]), cnn.get("n_highway", 0)
        self.layers, self.size = lstm["n_layers"], lstm["projection_dim"]
        self.skip = lstm["use_skip_connections"]
        self.cell_clip, self.projection_clip = lstm.get("cell_clip"), lstm.get("proj_clip")
        self.weights = {name: tf.constant(value, tf.float32) for name, value in weights.items()}

    def tokens(self, ids: tf.Tensor) -> tf.Tensor:
        """Run the character CNN, the highway layers and the projection: from int32 [N, C] to float32 [N, d]."""
        w = self.weights
        table = tf.concat([tf.zeros([1, w["char_embed"].shape[1]]), w["char_embed"]], 0)
        characters = tf.gather(table, ids)
        parts = []
        for number in range(self.filters):
            kernel = w[f"CNN/W_cnn_{number}"][0]  # [width, in, out]
            convolved = tf.nn.conv1d(characters, kernel, 1, "VALID") + w[f"CNN/b_cnn_{number}"]
            parts.append(self.activation(tf.reduce_max(convolved, 1)))
        x = tf.concat(parts, -1)
        for number in range(self.highways):
            layer = f"CNN_high_{number}"
            carry = tf.sigmoid(linear(x, w[f"{layer}/W_carry"], w[f"{layer}/b_carry"]))
            transformed = tf.nn.relu(linear(x, w[f"{layer}/W_transform"], w[f"{layer}/b_transform"]))
            x = carry * transformed + (1.0 - carry) * x
        if "CNN_proj/W_proj" in w:
            x = linear(x, w["CNN_proj/W_proj"], w["CNN_proj/b_proj"])
        return x

    def zero_states(self, batch: int | tf.Tensor) -> list[State]:
        """Return the initial state of each layer of each direction."""
        cells = self.weights["RNN_0/RNN/MultiRNNCell/Cell0/LSTMCell/W_P_0"].shape[0]
        return [(tf.zeros([batch, cells]), tf.zeros([batch, self.size]))] * (2 * self.layers)

    def __call__(
        self, ids: tf.Tensor, lengths: tf.Tensor, states: list[State] | None = None
    ) -> tuple[list[tf.Tensor], list[State]]:
        """Compute the vectors of all layers.

        Args:
          ids: character ids of sentences with both boundaries, int32 [B, L, C], right-padded.
          lengths: number of tokens with both boundaries, int32 [B].
          states: the states that an earlier batch left. bilm-tf and AllenNLP continue from them, so that a sentence's
            vectors depend on the sentences before. None starts each sentence at zero, so that its vectors do not depend
            on other sentences.

        Returns:
          layers + 1 tensors, float32 [B, L, 2d], of which the first is the token's vector twice; and the states after
          the last token.
        """
        shape = tf.shape(ids)
        x = tf.reshape(self.tokens(tf.reshape(ids, [-1, self.limit])), [shape[0], shape[1], self.size])
        states = states or self.zero_states(shape[0])
        outputs, after = [], []
        for direction in range(2):
            inputs, ours = x, []
            if direction:
                inputs = tf.reverse_sequence(inputs, lengths, seq_axis=1, batch_axis=0)
            for layer in range(self.layers):
                hidden, state = self._run(inputs, lengths, direction, layer, states[direction * self.layers + layer])
                after.append(state)
                inputs = hidden + inputs if self.skip and layer else hidden
                ours.append(inputs)
            if direction:
                ours = [tf.reverse_sequence(y, lengths, seq_axis=1, batch_axis=0) for y in ours]
            outputs.append([x, *ours])
        return [tf.concat(pair, -1) for pair in zip(*outputs)], after

    def _run(
        self, inputs: tf.Tensor, lengths: tf.Tensor, direction: int, layer: int, state: State
    ) -> tuple[tf.Tensor, State]:
        """Run one LSTM layer with projection.

        Args:
          inputs: float32 [B, L, d].
          lengths: int32 [B].
          direction: 0 for forward, 1 for backward.
          layer: the layer's number in its direction, from 0.
          state: the state from which the layer starts.

        Returns:
          float32 [B, L, d] and the last state.
        """
        name = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
        kernel, bias, project = (self.weights[f"{name}/{part}"] for part in ("W_0", "B", "W_P_0"))
        width = inputs.shape[-1]
        projected = tf.transpose(linear(inputs, kernel[:width], bias), [1, 0, 2])
        recurrent = kernel[width:]

        def step(t: tf.Tensor, c: tf.Tensor, h: tf.Tensor, out: tf.TensorArray) -> tuple:
            # The gates are in the order of TensorFlow 1: input, candidate, forget, output. 1 is added to the forget
            # gate's input.
            i, j, f, o = tf.split(projected[t] + tf.matmul(h, recurrent), 4, -1)
            new_c = tf.sigmoid(f + 1.0) * c + tf.sigmoid(i) * tf.tanh(j)
            new_c = self._clip(new_c, self.cell_clip)
            new_h = self._clip(tf.matmul(tf.sigmoid(o) * tf.tanh(new_c), project), self.projection_clip)
            going = (t < lengths)[:, None]
            return t + 1, tf.where(going, new_c, c), tf.where(going, new_h, h), out.write(t, new_h)

        length = tf.shape(projected)[0]
        start = (0, *state, tf.TensorArray(tf.float32, length))
        _, c, h, out = tf.while_loop(lambda t, *_: t < length, step, start)
        return tf.transpose(out.stack(), [1, 0, 2]), (c, h)

    @staticmethod
    def _clip(x: tf.Tensor, bound: float | None) -> tf.Tensor:
        return tf.clip_by_value(x, -bound, bound) if bound else x
