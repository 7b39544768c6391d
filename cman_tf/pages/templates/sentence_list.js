// The list of sentences: filters, search, sorting, and pages, of which only the shown one is drawn.
(() => {
  "use strict";
  const PER_PAGE = 20;
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  const controls = find("controls"), kind = find("kind"), type = find("type"), sort = find("sort"), search = find("search");
  rememberTypes(data.colours);
  const entries = data.sentences.map(([number, id, documentId, tokens, entities, relations]) => {
    const marks = [...entities, ...relations].filter((row) => data.kinds[row[3]][2]).length;
    return { number, id, documentId, tokens, entities, relations, marks, text: null };
  });
  let matching = entries, page = 0, wanted = () => true;

  // The codes of a choice stand in its option, such as "3 5".
  function choose(select) {
    return select && select.value !== "all" ? new Set(select.value.split(" ").map(Number)) : null;
  }

  function textOf(entry) {
    if (entry.text === null) {
      entry.text = `${entry.tokens.join(" ")}\n${entry.id}\n${entry.documentId}`.toLowerCase();
    }
    return entry.text;
  }

  function update() {
    const kinds = choose(kind), types = choose(type);
    const words = search.value.trim().toLowerCase();
    wanted = (row) => (!kinds || kinds.has(row[3])) && (!types || types.has(row[0]));
    const hasWanted = (entry) => entry.entities.some(wanted) || entry.relations.some(wanted);
    matching = entries.filter((entry) => (!words || textOf(entry).includes(words)) && ((!kinds && !types) || hasWanted(entry)));
    if (sort.value === "marks") matching.sort((a, b) => b.marks - a.marks || a.number - b.number);
    if (sort.value === "length") matching.sort((a, b) => b.tokens.length - a.tokens.length || a.number - b.number);
    let items = 0;
    for (const entry of matching) items += [...entry.entities, ...entry.relations].filter((row) => wanted(row) && counts(row)).length;
    find("found").textContent = `${matching.length} of ${entries.length} sentences, with ${items} selected entities and relations`;
    page = 0;
    show();
  }

  function counts(row) {
    return data.kinds[row[3]][3];
  }

  function note(row, rows, entry) {
    const name = data.kinds[row[3]][0], other = rows[row[5]];
    if (!other) return name;
    const from = (place) => entry.tokens.slice(entry.entities[place][1], entry.entities[place][2]).join(" ");
    const text = rows === entry.relations ? `${from(other[1])} \u2192 ${from(other[2])}` : entry.tokens.slice(other[1], other[2]).join(" ");
    const side = data.kinds[other[3]][1][0] === "miss" ? "gold" : "predicted";
    return `${name}; ${side}: ${data.types[other[0]]}, ${text.slice(0, 100)}`;
  }

  // The items of one drawing, with positions of entities among those that are in it.
  function view(entry, number) {
    const places = new Map(), entities = [], relations = [];
    const state = (row) => data.kinds[row[3]][1][number];
    const base = (row, rows) => ({
      type: data.types[row[0]], state: state(row), score: row[4] && row[4][number],
      note: note(row, rows, entry), dim: !wanted(row),
    });
    entry.entities.forEach((row, place) => {
      if (state(row) === null) return;
      places.set(place, entities.length);
      entities.push({ start: row[1], end: row[2], ...base(row, entry.entities) });
    });
    for (const row of entry.relations) {
      if (state(row) !== null) relations.push({ head: places.get(row[1]), tail: places.get(row[2]), ...base(row, entry.relations) });
    }
    return { tokens: entry.tokens, entities, relations };
  }

  function draw(entry) {
    const article = document.createElement("article"), heading = document.createElement("h3");
    article.className = "entry";
    article.dataset.number = entry.number;
    heading.append(`Sentence ${entry.number} `);
    for (const name of new Set([entry.documentId, entry.id])) {
      if (!name) continue;
      const text = document.createElement("bdi");
      text.textContent = name.length > 100 ? `${name.slice(0, 100)}\u2026` : name;
      heading.append("(", text, ") ");
    }
    if (data.kinds.some((row) => row[2])) {
      const marks = document.createElement("span");
      marks.className = "muted";
      marks.textContent = `(${data.marks}: ${entry.marks})`;
      heading.append(marks);
    }
    article.append(heading);
    find("sentences").append(article);
    data.views.forEach((title, number) => {
      if (title) {
        const line = document.createElement("h4"), text = document.createElement("bdi");
        text.textContent = title;
        line.append(text);
        article.append(line);
      }
      drawSentence(article, view(entry, number));
    });
  }

  function show() {
    const pages = Math.max(1, Math.ceil(matching.length / PER_PAGE));
    find("sentences").replaceChildren();
    matching.slice(page * PER_PAGE, (page + 1) * PER_PAGE).forEach(draw);
    find("page").textContent = `Page ${page + 1} of ${pages}`;
    find("previous").disabled = page === 0;
    find("next").disabled = page + 1 >= pages;
  }

  function turn(step) {
    page += step;
    show();
    find("found").scrollIntoView();
  }

  let timer = 0;
  controls.addEventListener("change", update);
  controls.addEventListener("input", (event) => {
    if (event.target === search) { clearTimeout(timer); timer = setTimeout(update, 100); }
  });
  controls.addEventListener("submit", (event) => { event.preventDefault(); update(); });
  controls.addEventListener("reset", () => setTimeout(update, 0));
  find("previous").addEventListener("click", () => turn(-1));
  find("next").addEventListener("click", () => turn(1));
  update();
})();
