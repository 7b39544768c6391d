// Sends the text of the form to the service and draws what it finds. Text reaches the page as text only.
(() => {
  "use strict";
  const get = (id) => document.getElementById(id);
  const data = JSON.parse(get("data").textContent);
  const MOST_JSON = 200000;
  let sent = 0;

  function add(parent, name, text) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  function showLegend() {
    rememberTypes(data.types);
    for (const type of data.types) {
      const item = add(get("legend"), "li");
      add(item, "span").className = kindClass(type);
      add(item, "bdi", type);
    }
  }

  // The part of a result that lies in one sentence, with positions counted from its start.
  function cut(result, [first, end]) {
    const places = new Map(), entities = [];
    result.entities.forEach((entity, n) => {
      if (entity.start < first || entity.end > end) return;
      places.set(n, entities.length);
      entities.push({ ...entity, start: entity.start - first, end: entity.end - first, state: "" });
    });
    const relate = (relations, note) => (relations || [])
      .filter((relation) => places.has(relation.head) && places.has(relation.tail))
      .map((relation) => ({
        ...relation, head: places.get(relation.head), tail: places.get(relation.tail), state: "", note, dim: note !== "",
      }));
    const relations = [...relate(result.relations, ""), ...relate(result.candidates, "below the threshold").filter((one) => one.score >= 0.01)];
    return { tokens: result.tokens.slice(first, end), entities, relations };
  }

  function listEntities(parent, sentence) {
    if (!sentence.entities.length) {
      add(parent, "p", "No entities.").className = "muted";
      return;
    }
    const table = add(add(parent, "div"), "table"), row = add(add(table, "thead"), "tr"), rows = add(table, "tbody");
    table.parentElement.className = "scroll";
    for (const title of ["Entity", "Type", "Score"]) add(row, "th", title).scope = "col";
    for (const entity of sentence.entities) {
      const line = add(rows, "tr"), text = Array.from(entity.text);
      add(add(line, "td"), "bdi", text.length > 200 ? `${text.slice(0, 200).join("")}\u2026` : entity.text);
      add(add(line, "td"), "bdi", entity.type);
      add(line, "td", entity.score === null ? "" : entity.score.toFixed(2)).className = "n";
    }
  }

  function show(result, text) {
    const found = get("found");
    found.replaceChildren();
    const spans = result.sentences || [[0, result.tokens.length]];
    if (!result.tokens.length) add(found, "p", "The text has no words.").className = "muted";
    else for (const span of spans) {
      const sentence = cut(result, span);
      drawSentence(found, sentence);
      listEntities(found, sentence);
    }
    get("json").hidden = false;
    const json = JSON.stringify(JSON.parse(text), null, 1);
    get("answer").textContent = json.length > MOST_JSON ? `${json.slice(0, MOST_JSON)}\u2026` : json;
  }

  function say(state, problem) {
    get("state").textContent = state;
    get("problem").textContent = problem;
  }

  async function ask() {
    const number = ++sent, begin = performance.now(), text = get("text").value;
    const request = { texts: [text], split_sentences: get("split").checked, all_scores: get("all").checked };
    for (const [id, name] of [["relation", "relation_threshold"], ["entity", "entity_threshold"]]) {
      if (get(id).value !== "") request[name] = Number(get(id).value);
    }
    say("Reading \u2026", "");
    try {
      const response = await fetch("extract", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request),
      });
      const body = await response.text();
      if (number !== sent) return;
      if (!response.ok) throw new Error(JSON.parse(body).error);
      show(JSON.parse(body).results[0], body);
      say(`Answered in ${Math.round(performance.now() - begin)} ms.`, "");
    } catch (error) {
      if (number !== sent) return;
      get("found").replaceChildren();
      get("json").hidden = true;
      say("", error instanceof TypeError ? "The service does not answer." : error.message);
    }
    get("form").dataset.answers = number;
  }

  get("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  get("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); }
  });
  get("text").value = data.example;
  showLegend();
})();
