// Draws one sentence without any dependency:
//   drawSentence(container, {tokens: ["Ann", ...],
//     entities: [{start, end, type, state, score?, note?, dim?}],
//     relations: [{head, tail, type, state, score?, note?, dim?}]}, {list: true})
// An entity's end is exclusive; head and tail are positions in entities; state is "", "hit", "miss" or "false".
// Text reaches the page as text only. A list of the relations stands below the drawing. Returns the new element.
// rememberTypes(types) fixes which type has which colour; kindClass(type) is the class that sets --kind.
const { drawSentence, rememberTypes, kindClass, STATES } = (() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const STATES = {
    hit: { symbol: "\u2713", word: "hit" },
    miss: { symbol: "\u25cb", word: "missed" },
    false: { symbol: "\u2717", word: "false alarm" },
  };
  const KINDS = 8, MOST_LANES = 12, MOST_ARCS = 40, LEVEL = 23, GAP = 4;
  const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/, LETTER = /\p{L}/u;
  const kinds = new Map();

  function rememberTypes(types) {
    for (const type of types) if (!kinds.has(type)) kinds.set(type, kinds.size % KINDS);
  }

  function kindClass(type) {
    rememberTypes([type]);
    return `kind-${kinds.get(type)}`;
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function shape(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function shorten(text, most) {
    if (text.length <= most) return text;
    const characters = Array.from(text.slice(0, 2 * most));
    return `${characters.slice(0, most).join("")}\u2026 (${text.length} characters)`;
  }

  function score(item) {
    return typeof item.score === "number" ? ` ${item.score.toFixed(2)}` : "";
  }

  function symbol(item) {
    return STATES[item.state] ? `${STATES[item.state].symbol} ` : "";
  }

  function classes(item) {
    return `${item.state || ""}${item.dim ? " dim" : ""}`;
  }

  // A lane for each entity, so that no two in one lane overlap; -1 beyond the most lanes.
  function assignLanes(entities) {
    const order = entities.map((_, n) => n);
    order.sort((a, b) => entities[a].start - entities[b].start || entities[b].end - entities[a].end);
    const ends = [], lanes = entities.map(() => -1);
    for (const n of order) {
      let lane = ends.findIndex((end) => end <= entities[n].start);
      if (lane < 0 && ends.length < MOST_LANES) lane = ends.push(0) - 1;
      if (lane >= 0) { ends[lane] = entities[n].end; lanes[n] = lane; }
    }
    return lanes;
  }

  function makeCells(tokens, entities, lanes) {
    const starting = new Map();
    entities.forEach((entity, n) => {
      if (lanes[n] >= 0) starting.set(entity.start, [...(starting.get(entity.start) || []), n]);
    });
    let open = [];
    return tokens.map((token, place) => {
      open = open.filter((n) => entities[n].end > place).concat(starting.get(place) || []);
      const cell = element("span", "cell"), word = element("span", "token");
      word.append(element("bdi", "", shorten(token, 200)));
      cell.append(word);
      const depth = Math.max(-1, ...open.map((n) => lanes[n]));
      for (let lane = 0; lane <= depth; lane++) {
        const n = open.find((number) => lanes[number] === lane);
        cell.append(n === undefined ? element("span", "bar gap", "\u00a0") : makeBar(entities[n], place, tokens));
      }
      return cell;
    });
  }

  function makeBar(entity, place, tokens) {
    const bar = element("span", `bar ${classes(entity)} ${kindClass(entity.type)}`);
    const first = place === entity.start;
    bar.classList.toggle("first", first);
    bar.classList.toggle("last", place === entity.end - 1);
    if (first) bar.append(symbol(entity), element("bdi", "", shorten(entity.type, 40)));
    else { bar.textContent = "\u00a0"; bar.setAttribute("aria-hidden", "true"); }
    const state = STATES[entity.state] ? `, ${STATES[entity.state].word}` : "";
    bar.title = `\u2068${shorten(entity.type, 200)}\u2069${state}${score(entity)}: \u2068${mention(entity, tokens)}\u2069`;
    return bar;
  }

  function mention(entity, tokens) {
    return shorten(tokens.slice(entity.start, Math.min(entity.end, entity.start + 40)).join(" "), 120);
  }

  // The place of each entity's end of an arc: its line, and the middle of its tokens on that line.
  function anchor(entity, boxes) {
    const first = boxes[entity.start];
    let last = first;
    for (let n = entity.start + 1; n < entity.end && boxes[n].line === first.line; n++) last = boxes[n];
    const left = Math.min(first.left, last.left), right = Math.max(first.left + first.width, last.left + last.width);
    return { line: first.line, x: (left + right) / 2 };
  }

  function measure(cells) {
    let line = -1, top = -Infinity;
    return cells.map((cell) => {
      if (cell.offsetTop > top + 1) { line++; top = cell.offsetTop; }
      return { line, top, left: cell.offsetLeft, width: cell.offsetWidth };
    });
  }

  // One piece for a relation within a line; two, which run to the edges, for one across lines.
  function makePieces(relation, from, to, width, rightToLeft) {
    const label = `${symbol(relation)}${shorten(relation.type, 30)}${score(relation)}`;
    const base = { relation, label, text: null };
    if (from.line === to.line) return [{ ...base, line: from.line, x0: from.x, x1: to.x, arrow: true, tail: true }];
    const forward = (from.line < to.line) !== rightToLeft;
    return [
      { ...base, line: from.line, x0: from.x, x1: forward ? width : 0, arrow: false, tail: false },
      { ...base, line: to.line, x0: forward ? 0 : width, x1: to.x, arrow: true, tail: false },
    ];
  }

  function stack(pieces) {
    pieces.sort((a, b) => (a.right - a.left) - (b.right - b.left));
    const levels = [];
    for (const piece of pieces) {
      let level = levels.findIndex((row) => row.every((other) => other.right <= piece.left || piece.right <= other.left));
      if (level < 0) level = levels.push([]) - 1;
      levels[level].push(piece);
      piece.level = level;
    }
    return levels.length;
  }

  function trace(piece, ground) {
    const top = ground - GAP - 6 - piece.level * LEVEL, bend = Math.min(6, Math.abs(piece.x1 - piece.x0) / 2);
    const step = piece.x1 < piece.x0 ? -bend : bend, group = shape("g", { class: `arc ${classes(piece.relation)}` });
    const rise = `M${piece.x0} ${ground}V${top + bend}Q${piece.x0} ${top} ${piece.x0 + step} ${top}`;
    const fall = `H${piece.x1 - step}Q${piece.x1} ${top} ${piece.x1} ${top + bend}V${ground - 4}`;
    const path = piece.tail ? rise + fall : piece.arrow ? `M${piece.x0} ${top}${fall}` : `${rise}H${piece.x1}`;
    group.append(shape("path", { d: path }));
    if (piece.arrow) {
      group.append(shape("path", { class: "head", d: `M${piece.x1 - 4} ${ground - 6}h8l-4 6z` }));
    }
    piece.text.setAttribute("x", piece.middle);
    piece.text.setAttribute("y", top - 9);
    group.append(shape("rect", { x: piece.middle - piece.half, y: top - 16, width: 2 * piece.half, height: 14 }), piece.text);
    return group;
  }

  function drawArcs(canvas, svg, cells, sentence, rightToLeft) {
    cells.forEach((cell) => { cell.style.paddingTop = ""; });
    svg.replaceChildren();
    const width = canvas.clientWidth, relations = sentence.relations.slice(0, MOST_ARCS);
    if (!width || !relations.length) return;
    const boxes = measure(cells), used = new Map();
    const end = (number) => {
      const place = anchor(sentence.entities[number], boxes), shift = used.get(number) || 0;
      used.set(number, shift + 1);
      // Several ends at one entity stand beside each other: 0, 7, -7, 14, ...
      place.x += (shift % 2 ? 1 : -1) * Math.ceil(shift / 2) * 7;
      place.x = Math.max(5, Math.min(width - 5, place.x));
      return place;
    };
    const pieces = relations.flatMap((r) => makePieces(r, end(r.head), end(r.tail), width, rightToLeft));
    const sample = shape("g", { class: "arc" });
    svg.append(sample);
    for (const piece of pieces) {
      piece.text = shape("text", {}, piece.label);
      sample.append(piece.text);
    }
    const lines = new Map();
    for (const piece of pieces) {
      const half = piece.half = piece.text.getComputedTextLength() / 2 + 3;
      piece.middle = Math.max(half, Math.min(width - half, (piece.x0 + piece.x1) / 2));
      piece.left = Math.min(piece.x0, piece.x1, piece.middle - half);
      piece.right = Math.max(piece.x0, piece.x1, piece.middle + half);
      lines.set(piece.line, [...(lines.get(piece.line) || []), piece]);
    }
    const room = new Map([...lines].map(([line, row]) => [line, stack(row) * LEVEL + GAP]));
    cells.forEach((cell, n) => { cell.style.paddingTop = room.has(boxes[n].line) ? `${room.get(boxes[n].line)}px` : ""; });
    const after = measure(cells), ground = new Map();
    after.forEach((box) => { if (!ground.has(box.line)) ground.set(box.line, box.top + (room.get(box.line) || 0)); });
    svg.setAttribute("width", width);
    svg.setAttribute("height", canvas.offsetHeight);
    pieces.sort((a, b) => Boolean(b.relation.dim) - Boolean(a.relation.dim)); // what is selected lies on top
    svg.replaceChildren(...pieces.map((piece) => trace(piece, ground.get(piece.line))));
  }

  function listItem(item, parts) {
    const line = element("li", classes(item)), state = STATES[item.state];
    line.append(element("span", "symbol", state ? state.symbol : "\u2022"));
    for (const [text, plain] of parts) line.append(plain ? text : element("bdi", "", shorten(text, 120)));
    const note = state && state.word === item.note ? "" : item.note;
    const more = [state && state.word, typeof item.score === "number" && item.score.toFixed(2), note];
    if (more.some(Boolean)) line.append(" (", element("bdi", "", more.filter(Boolean).join(", ")), ")");
    return line;
  }

  function makeList(sentence, lanes) {
    const list = element("ul", "facts"), { tokens, entities } = sentence;
    entities.forEach((entity, n) => {
      if (entity.note || lanes[n] < 0) {
        list.append(listItem(entity, [[entity.type], [": ", true], [mention(entity, tokens)]]));
      }
    });
    for (const relation of sentence.relations) {
      const [head, tail] = [relation.head, relation.tail].map((n) => mention(entities[n], tokens));
      list.append(listItem(relation, [[relation.type], [": ", true], [head], [" \u2192 ", true], [tail]]));
    }
    return list;
  }

  function drawSentence(container, given, options = {}) {
    const sentence = { tokens: given.tokens, entities: given.entities || [], relations: given.relations || [] };
    const root = element("div", "sentence"), canvas = element("div", "canvas"), row = element("div", "tokens");
    const svg = shape("svg", { "aria-hidden": "true", width: 0, height: 0 });
    const lettered = sentence.tokens.find((token) => LETTER.test(token)) || "";
    const rightToLeft = RIGHT_TO_LEFT.test(lettered.match(LETTER)?.[0] || "");
    canvas.dir = rightToLeft ? "rtl" : "ltr";
    const lanes = assignLanes(sentence.entities), cells = makeCells(sentence.tokens, sentence.entities, lanes);
    row.append(...cells);
    canvas.append(svg, row);
    root.append(canvas);
    if (options.list !== false) root.append(makeList(sentence, lanes));
    container.append(root);
    let drawn = -1;
    const redraw = () => {
      if (canvas.clientWidth === drawn) return;
      drawn = canvas.clientWidth;
      drawArcs(canvas, svg, cells, sentence, rightToLeft);
    };
    redraw();
    new ResizeObserver(() => requestAnimationFrame(redraw)).observe(canvas);
    return root;
  }

  return { drawSentence, rememberTypes, kindClass, STATES };
})();
