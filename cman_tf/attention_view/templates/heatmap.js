// A gallery of heat maps: small ones to choose from, and the chosen one with its labels.
//   drawGallery(container, {title, maps: [{name, note?, values, top}], rows: [...], columns: [...], read})
// values are L x L numbers from 0 to 1 in one array; the strongest colour stands for top. read(row, column, value, map)
// gives the text for a cell. Text reaches the page as text only.
const { drawGallery, shortenLabel, addText } = (() => {
  "use strict";
  const CELL = 18, LABEL = 13;

  function addText(parent, name, text, className) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.textContent = text;
    parent.append(made);
    return made;
  }

  function shortenLabel(text, most = LABEL) {
    const characters = Array.from(text.slice(0, 4 * most).replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ""));
    return characters.length > most ? `${characters.slice(0, most - 1).join("")}\u2026` : characters.join("");
  }

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    const channels = (name) => style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi).map((two) => parseInt(two, 16));
    return { low: channels("--ground"), high: channels("--accent"), ink: style.getPropertyValue("--ink").trim() };
  }

  function mix(colours, share) {
    return colours.low.map((low, n) => Math.round(low + (colours.high[n] - low) * Math.min(1, Math.max(0, share))));
  }

  function drawSmall(canvas, map, side, colours) {
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d"), image = context.createImageData(side, side);
    map.values.forEach((value, n) => image.data.set([...mix(colours, value / map.top), 255], 4 * n));
    context.putImageData(image, 0, 0);
  }

  function drawLarge(canvas, gallery, map, cursor, colours) {
    const { rows, columns } = gallery, scale = window.devicePixelRatio || 1, context = canvas.getContext("2d");
    context.font = "12px system-ui, sans-serif";
    const names = [rows, columns].map((list) => list.map((text) => shortenLabel(text)));
    const [left, top] = names.map((list) => Math.ceil(Math.max(0, ...list.map((t) => context.measureText(t).width))) + 8);
    const width = left + CELL * columns.length + 2, height = top + CELL * rows.length + 2;
    canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
    context.scale(scale, scale);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colours.ink;
    context.textBaseline = "middle";
    context.textAlign = "right";
    names[0].forEach((text, n) => context.fillText(text, left - 4, top + CELL * (n + 0.5)));
    context.textAlign = "left";
    names[1].forEach((text, n) => {
      context.save();
      context.translate(left + CELL * (n + 0.5), top - 4);
      context.rotate(-Math.PI / 2);
      context.fillText(text, 0, 0);
      context.restore();
    });
    map.values.forEach((value, n) => {
      context.fillStyle = `rgb(${mix(colours, value / map.top).join(",")})`;
      context.fillRect(left + CELL * (n % columns.length), top + CELL * Math.floor(n / columns.length), CELL, CELL);
    });
    context.strokeStyle = colours.ink;
    context.strokeRect(left - 0.5, top - 0.5, CELL * columns.length + 1, CELL * rows.length + 1);
    context.lineWidth = 2;
    context.strokeRect(left + CELL * cursor[1] + 1, top + CELL * cursor[0] + 1, CELL - 2, CELL - 2);
    return { left, top };
  }

  function drawGallery(container, gallery) {
    const side = gallery.rows.length, section = document.createElement("section");
    addText(section, "h2", gallery.title);
    if (gallery.text) addText(section, "p", gallery.text, "muted");
    const chooser = addText(section, "div", "", "maps");
    const holder = addText(section, "div", "", "large"), large = document.createElement("canvas");
    const readout = addText(section, "p", "", "readout");
    readout.setAttribute("aria-live", "polite");
    holder.append(large);
    large.tabIndex = 0;
    large.setAttribute("role", "img");
    let chosen = gallery.first || 0, cursor = [0, 0], frame = { left: 0, top: 0 };
    const buttons = gallery.maps.map((map, n) => {
      const button = addText(chooser, "button", "");
      button.type = "button";
      button.append(document.createElement("canvas"));
      addText(button, "bdi", shortenLabel(map.name, 60));
      if (map.note) addText(button, "span", map.note, "muted");
      button.addEventListener("click", () => { chosen = n; redraw(); });
      return button;
    });
    function redraw(all) {
      const colours = readColours(), map = gallery.maps[chosen];
      buttons.forEach((button, n) => {
        button.setAttribute("aria-pressed", String(n === chosen));
        if (all) drawSmall(button.firstChild, gallery.maps[n], side, colours);
      });
      frame = drawLarge(large, gallery, map, cursor, colours);
      const value = map.values[cursor[0] * side + cursor[1]];
      readout.replaceChildren();
      addText(readout, "bdi", gallery.read(cursor[0], cursor[1], value, map));
      large.setAttribute("aria-label", `${gallery.title}, ${shortenLabel(map.name, 60)}: heat map; arrow keys read cells`);
    }
    function move(row, column) {
      const next = [Math.min(side - 1, Math.max(0, row)), Math.min(side - 1, Math.max(0, column))];
      if (next[0] === cursor[0] && next[1] === cursor[1]) return;
      cursor = next;
      redraw();
      const x = frame.left + CELL * cursor[1];  // keep the cell in view
      if (x + CELL > holder.scrollLeft + holder.clientWidth) holder.scrollLeft = x + CELL - holder.clientWidth;
      if (x < holder.scrollLeft + CELL) holder.scrollLeft = cursor[1] ? x - CELL : 0;
    }
    large.addEventListener("pointermove", (event) => {
      const row = Math.floor((event.offsetY - frame.top) / CELL), column = Math.floor((event.offsetX - frame.left) / CELL);
      if (row >= 0 && column >= 0 && row < side && column < side) move(row, column);
    });
    large.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      move(cursor[0] + step[0], cursor[1] + step[1]);
    });
    container.append(section);
    redraw(true);
    return () => redraw(true);
  }

  return { drawGallery, shortenLabel, addText };
})();
