// The page of attention: for the chosen sentence its entities and relations, the gates, and a gallery for each unit.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const choice = document.getElementById("choice"), place = document.getElementById("sentence");
  let redraws = [];

  function unpack(text) {
    const bytes = atob(text), values = new Array(bytes.length / 2);
    for (let n = 0; n < values.length; n++) values[n] = (256 * bytes.charCodeAt(2 * n) + bytes.charCodeAt(2 * n + 1)) / 65535;
    return values;
  }

  function mean(heads) {
    return heads[0].map((_, n) => heads.reduce((sum, head) => sum + head[n], 0) / heads.length);
  }

  function highest(values) {
    return values.reduce((most, value) => Math.max(most, value), 0) || 1;
  }

  function name(token) {
    return `\u2068${shortenLabel(token, 60)}\u2069`;
  }

  function drawGates(sentence) {
    if (!sentence.gates.length) return;
    addText(place, "h2", "Label gate");
    const scroll = addText(place, "div", "", "scroll"), table = addText(scroll, "table", "");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Label gates");
    const head = addText(table, "tr", "");
    ["token", "label", ...sentence.gates.map((gate) => gate.name)].forEach((title) => addText(head, "th", title));
    const gates = sentence.gates.map((gate) => [gate.means, gate.lows, gate.highs].map(unpack));
    sentence.tokens.forEach((token, n) => {
      const row = addText(table, "tr", "");
      addText(addText(row, "td", ""), "bdi", shortenLabel(token, 60));
      addText(addText(row, "td", ""), "bdi", shortenLabel(sentence.tags[n], 60));
      for (const [means, lows, highs] of gates) {
        const cell = addText(row, "td", "", "gates"), bar = addText(cell, "span", "", "gate");
        bar.setAttribute("aria-hidden", "true");
        addText(bar, "span", "").style.width = `${100 * means[n]}%`;
        cell.append(`${means[n].toFixed(2)} (${lows[n].toFixed(2)} to ${highs[n].toFixed(2)})`);
      }
    });
  }

  function drawUnit(sentence, unit) {
    const { tokens, tags } = sentence, onLabels = unit.keys === "labels";
    const heads = unit.heads.map(unpack), entropy = (bits) => `entropy ${bits.toFixed(2)}`;
    const maps = heads.map((values, n) => ({ name: `head ${n + 1}`, note: entropy(unit.entropy[n]), values, top: highest(values) }));
    const average = mean(heads);
    maps.unshift({ name: "mean of heads", values: average, top: highest(average) });
    const columns = onLabels ? tags.map((tag, n) => `${shortenLabel(tag, 8)} ${tokens[n]}`) : tokens;
    redraws.push(drawGallery(place, {
      title: unit.name, maps, rows: tokens, columns,
      read: (row, column, value, map) => {
        const to = onLabels ? `the label ${name(tags[column])} of ${name(tokens[column])}` : name(tokens[column]);
        return `${map.name}: ${name(tokens[row])} attends to ${to} with ${value.toFixed(4)}; darkest cell ${map.top.toFixed(2)}`;
      },
    }));
  }

  function drawPairs(sentence) {
    if (!sentence.pairs.length) return;
    const maps = sentence.pairs.map((pair) => {
      const values = unpack(pair.scores);
      return { name: pair.name, note: `highest ${Math.max(0, ...values).toFixed(2)}`, values, top: 1 };
    });
    const peaks = maps.map((map) => Math.max(0, ...map.values));
    redraws.push(drawGallery(place, {
      title: "Relation scores", maps, rows: sentence.tokens, columns: sentence.tokens, first: peaks.indexOf(Math.max(...peaks)),
      read: (row, column, value, map) =>
        `${name(map.name)}: from ${name(sentence.tokens[row])} to ${name(sentence.tokens[column])} ${value.toFixed(4)}`,
    }));
  }

  function show() {
    const sentence = data.sentences[choice.value];
    redraws = [];
    place.replaceChildren();
    drawSentence(place, sentence);
    drawGates(sentence);
    sentence.units.forEach((unit) => drawUnit(sentence, unit));
    drawPairs(sentence);
  }

  rememberTypes(data.types);
  data.sentences.forEach((sentence, n) => {
    const text = sentence.tokens.slice(0, 30).map((token) => shortenLabel(token, 20)).join(" ");
    addText(choice, "option", `${sentence.number}: ${shortenLabel(text, 80)}`).value = n;
  });
  choice.addEventListener("change", show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraws.forEach((redraw) => redraw()));
  show();
})();
