"""The papers' equations once more, in NumPy, a sentence at a time, without padding.

Written from the equations alone; float64 throughout. L tokens, D features.
"""

import itertools

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def logsumexp(values):
    values = np.asarray(values, np.float64)
    return values.max() + np.log(np.exp(values - values.max()).sum())


def lstm(x, kernel, recurrent, bias):
    """[L, D] to [L, d]; gates stand in the order input, forget, candidate, output."""
    units = recurrent.shape[0]
    h, c, out = np.zeros(units), np.zeros(units), []
    for x_t in x:
        i, f, g, o = np.split(x_t @ kernel + h @ recurrent + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.array(out)


def lstm_weights(layer):
    return [np.asarray(w, np.float64) for w in layer.get_weights()]


def bilstm(x, encoder):
    """TNNLS equations 1-3."""
    return both_ways(lstm, x, encoder)


def both_ways(cell, x, encoder):
    forward = cell(x, *lstm_weights(encoder.forward))
    backward = cell(x[::-1], *lstm_weights(encoder.backward))[::-1]
    return np.concatenate([forward, backward], -1)


def gru(x, kernel, recurrent, bias):
    """[L, D] to [L, d], as cuDNN has it; gates stand in the order update, reset, candidate."""
    units = recurrent.shape[0]
    h, out = np.zeros(units), []
    for x_t in x:
        z, r, n = np.split(x_t @ kernel + bias[0], 3)
        h_z, h_r, h_n = np.split(h @ recurrent + bias[1], 3)
        z, r = sigmoid(z + h_z), sigmoid(r + h_r)
        h = z * h + (1 - z) * np.tanh(n + r * h_n)
        out.append(h)
    return np.array(out)


def encode(x, encoder):
    """The cells of TNNLS table VI, and the MLP of the ablations."""
    if encoder.cell == "mlp":
        for layer in (encoder.forward, *encoder.further):
            kernel, bias = lstm_weights(layer)
            x = np.tanh(x @ kernel + bias)
        return x
    if encoder.cell in ("lstm", "gru"):
        return (lstm if encoder.cell == "lstm" else gru)(x, *lstm_weights(encoder.forward))
    return both_ways(lstm if encoder.cell == "bilstm" else gru, x, encoder)


def attention(query, memory, layer):
    """IJCAI equations 2-3, TNNLS equations 4-7, a head at a time."""
    wq, wk, wv, wo = (np.asarray(getattr(layer, f"w_{n}"), np.float64) for n in ("query", "key", "value", "output"))
    width, z = wq.shape[0], layer.heads
    size = width // z
    heads = []
    for i in range(z):
        part = slice(i * size, (i + 1) * size)
        q, k, v = query @ wq[:, part], memory @ wk[:, part], memory @ wv[:, part]
        heads.append(softmax(q @ k.T / np.sqrt(width / z)) @ v)
    return layer_norm(np.concatenate(heads, -1) @ wo + query, layer.norm)


def layer_norm(x, layer):
    gamma, beta = (np.asarray(w, np.float64) for w in (layer.gamma, layer.beta))
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + layer.epsilon) * gamma + beta


def bsa(x, unit):
    """IJCAI equation 4, TNNLS equation 8."""
    hidden = encode(x, unit.encoder)
    return hidden if unit.attention is None else attention(hidden, hidden, unit.attention)


def gated(x_m, labels, gate):
    """TNNLS equations 10-11."""
    wx, wl, b = (np.asarray(w, np.float64) for w in (gate.w_x, gate.w_l, gate.b_l))
    return sigmoid(x_m @ wx + labels @ wl + b) * labels


def bla(x, label_vectors, x_m, unit):
    labels = encode(label_vectors, unit.encoder)
    if unit.gate is not None:
        labels = gated(x_m, labels, unit.gate)
    return attention(x, labels, unit.attention)


def potentials(x, crf):
    kernel, bias = (np.asarray(w, np.float64) for w in crf.unary.get_weights())
    return x @ kernel + bias


def crf_sequence_scores(unary, transitions):
    """The log potential of every tag sequence there is."""
    scores = {}
    for tags in itertools.product(range(unary.shape[1]), repeat=len(unary)):
        score = sum(unary[i, t] for i, t in enumerate(tags))
        score += sum(transitions[a, b] for a, b in zip(tags, tags[1:]))
        scores[tags] = score
    return scores


def crf_nll(unary, transitions, tags):
    """IJCAI equations 8 and 11 by the forward algorithm (tested against all sequences)."""
    alpha = unary[0]
    for row in unary[1:]:
        alpha = np.array([logsumexp(alpha + transitions[:, t]) + row[t] for t in range(len(row))])
    score = sum(unary[i, t] for i, t in enumerate(tags)) + sum(transitions[a, b] for a, b in zip(tags, tags[1:]))
    return logsumexp(alpha) - score


def viterbi(unary, transitions):
    scores, back = unary[0], []
    for row in unary[1:]:
        table = scores[:, None] + transitions
        back.append(table.argmax(0))
        scores = table.max(0) + row
    tags = [int(scores.argmax())]
    for pointers in reversed(back):
        tags.append(int(pointers[tags[-1]]))
    return tags[::-1]


def relation_scores(x, scorer):
    """IJCAI equation 9, TNNLS equation 16: s[i, j, k], one pair and relation at a time."""
    u, w, b, v = (np.asarray(a, np.float64) for a in (scorer.u, scorer.w, scorer.b, scorer.v))
    size = scorer.size
    out = np.zeros((len(x), len(x), scorer.relations))
    for i, j, k in np.ndindex(out.shape):
        own = 0 if scorer.sets == 1 else k
        part = slice(own * size, (own + 1) * size)
        out[i, j, k] = v[k] @ np.tanh(x[i] @ u[:, part] + x[j] @ w[:, part] + b[part])
    return out


def relation_loss(scores, relations):
    """IJCAI equation 12, TNNLS equation 20, with every sigmoid a cross-entropy."""
    targets = np.zeros(scores.shape)
    for i, j, k in relations:
        targets[i, j, k] = 1.0
    p = sigmoid(scores)
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).sum()


def token_representation(example, model, vocabulary):
    """X^0 of a sentence; of separate models both, RE's first."""
    one = represent(example, model.representation, vocabulary)
    if not model.config.separate_models:
        return one
    return np.concatenate([one, represent(example, model.ner_representation, vocabulary)], -1)


def represent(example, representation, vocabulary):
    words, characters = representation.words, representation.characters
    vectors = np.asarray(words.table, np.float64)[example.words]
    spelled = []
    for token in example.tokens:
        x = np.asarray(characters.table, np.float64)[vocabulary.character_ids(token, 60)]
        forward = lstm(x, *lstm_weights(characters.forward))[-1]
        backward = lstm(x[::-1], *lstm_weights(characters.backward))[-1]
        spelled.append(np.concatenate([forward, backward]))
    return np.concatenate([vectors, np.array(spelled)], -1)


def interact(x_m, tags, model, side=""):
    """IJCAI equations 5-7, TNNLS equations 12-14; X^m itself without label attention."""
    if not model.config.label_attention:
        return x_m
    labels = np.asarray(getattr(model, f"{side}label_table"), np.float64)[tags]
    x_1 = bla(x_m, labels, x_m, getattr(model, f"{side}first_bla"))
    x_2 = encode(np.concatenate([x_m, x_1], -1), getattr(model, f"{side}fuse"))
    return bla(x_2, labels, x_m, getattr(model, f"{side}second_bla"))


def forward(x, tags, model):
    """Of one sentence's representation: first potentials, second potentials, scores."""
    separate = model.config.separate_models
    x_r, x_m = np.split(x, 2, -1) if separate else (x, x)
    for unit in model.ner_units:
        x_m = bsa(x_m, unit)
    for unit in model.relation_units:  # the same units where they are shared
        x_r = bsa(x_r, unit)
    first = potentials(x_m, model.first_crf)
    if tags is None:
        tags = viterbi(first, np.asarray(model.first_crf.transitions, np.float64))
    second = None
    if model.second_crf is not None:
        second = potentials(interact(x_m, tags, model, "ner_" if separate else ""), model.second_crf)
    return first, second, relation_scores(interact(x_r, tags, model), model.scorer)


def losses(x, example, model):
    """Of one sentence's representation: L_re, L_1st-ner and, in dynamic CMAN, L_2nd-ner."""
    first, second, scores = forward(x, example.tags, model)
    out = {
        "re": relation_loss(scores, example.relations),
        "first_ner": crf_nll(first, np.asarray(model.first_crf.transitions, np.float64), example.tags),
    }
    if second is not None:
        out["second_ner"] = crf_nll(second, np.asarray(model.second_crf.transitions, np.float64), example.tags)
    return out


def joint_loss(per_sentence, model):
    """Equations 13 / 21, 23, or 24-26, of a batch's sentences."""
    means = {task: np.mean([losses[task] for losses in per_sentence]) for task in per_sentence[0]}
    if model.config.loss_weighting == "manual":
        weights = dict(part.split(":") for part in model.config.loss_weights.split(","))
        return sum(float(weights[task]) * mean for task, mean in means.items())
    if not model.joint_loss.log_variances:
        return sum(means.values())
    total = 0.0
    for task, mean in means.items():
        variance = np.exp(float(model.joint_loss.log_variances[task]))
        total += mean / variance + np.log(variance)
    return total
