// Draws the relationship map from the JSON in the page. Nothing here makes HTML from text: names stay text.
(function () {
  "use strict";

  const LABEL_FONT = 0.8125 * parseFloat(getComputedStyle(document.documentElement).fontSize); // whatever the zoom
  const LABEL_WIDTH = 11 * LABEL_FONT;
  const LABEL_LINES = 2;
  const TIES_IN_PANEL = 12;
  const SMALLEST_SCALE = 0.7; // below it, nodes and lines are drawn larger
  const LARGEST_GROWTH = 1.7; // beyond it, nodes would touch

  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const root = document.getElementById("map");
  const frame = document.getElementById("map-frame");
  const panel = document.getElementById("map-panel");
  const said = document.getElementById("map-said");
  const tools = root.querySelector(".tools");
  const hint = root.querySelector(".hint");
  const words = read("words");
  const data = read("map-data");
  const options = JSON.parse(read("map-options"));
  const centre = root.dataset.centre;
  // The more lines cross, the fainter each is.
  const EDGE_OPACITY = Math.min(0.8, Math.max(0.35, 0.8 - (data.edges.length - 150) / 1500));

  const say = (key, values) => {
    const count = values && values.ties === 1 ? `${key}.one` : key;
    return words[count in words ? count : key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };

  // --- colours: the style sheet holds them, for light and for dark pages -------------------------------------------

  const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const nodeColors = (node) => {
    const fill = variable(`--label-${node.palette}`);
    const ink = variable("--ink");
    const edge = node.id === centre ? ink : variable("--map-background");
    const chosen = { background: fill, border: ink };
    return { background: fill, border: edge, highlight: chosen, hover: chosen };
  };
  const edgeColors = (edge) => {
    const line = variable(`--layer-${edge.palette}`);
    return { color: line, highlight: line, hover: line, opacity: EDGE_OPACITY };
  };
  const coloured = (list, colors) => list.map((item) => ({ ...item, color: colors(item) }));

  // A map that is much larger than its frame would shrink nodes and lines to dust: they grow with it.
  let growth = 1;
  const sizeOf = (node) => node.size * growth;
  const lineOf = (edge) => ({ width: edge.width * growth, dashes: edge.dashes && edge.dashes.map((part) => part * growth) });

  const nodes = new vis.DataSet(coloured(data.nodes, nodeColors));
  const edges = new vis.DataSet(coloured(data.edges, edgeColors));
  const network = new vis.Network(document.getElementById("map-canvas"), { nodes, edges }, options);
  // The frame around the drawing takes the focus; what readers cannot see must not.
  root.querySelector(".vis-network").tabIndex = -1;

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    nodes.update(data.nodes.map((node) => ({ id: node.id, color: nodeColors(node) })));
    edges.update(data.edges.map((edge) => ({ id: edge.id, color: edgeColors(edge) })));
    labels.clear();
  });

  // --- who is tied to whom -------------------------------------------------------------------------------------------

  const ties = new Map(data.nodes.map((node) => [node.id, []]));
  for (const edge of data.edges) {
    ties.get(edge.from).push(edge);
    if (edge.to !== edge.from) ties.get(edge.to).push(edge);
  }
  for (const list of ties.values()) list.sort((a, b) => b.width - a.width);
  const byImportance = [...data.nodes].sort(
    (a, b) => a.party.hop - b.party.hop || ties.get(b.id).length - ties.get(a.id).length,
  );

  // --- labels: names under their nodes, where there is room, the most important first ----------------------------------

  const labels = new Map();
  const splitter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;
  const letters = (text) => (splitter ? Array.from(splitter.segment(text), (part) => part.segment) : Array.from(text));

  // Fills lines letter by letter and breaks at the last space, or anywhere where there is none (Chinese).
  function wrap(context, text) {
    const lines = [];
    let rest = letters(text);
    while (rest.length && lines.length < LABEL_LINES) {
      let fits = 1;
      while (fits < rest.length && context.measureText(rest.slice(0, fits + 1).join("")).width <= LABEL_WIDTH) fits += 1;
      if (fits === rest.length) {
        lines.push(rest.join(""));
        return lines;
      }
      if (lines.length === LABEL_LINES - 1) {
        lines.push(`${rest.slice(0, Math.max(1, fits - 1)).join("").trimEnd()}…`);
        return lines;
      }
      const space = rest.slice(0, fits + 1).lastIndexOf(" ");
      const end = space > 3 ? space : fits;
      lines.push(rest.slice(0, end).join("").trim());
      rest = letters(rest.slice(end).join("").trimStart());
    }
    return lines;
  }

  function labelOf(context, node) {
    if (!labels.has(node.id)) {
      const lines = wrap(context, node.party.name);
      labels.set(node.id, { lines, width: Math.max(...lines.map((line) => context.measureText(line).width)) });
    }
    return labels.get(node.id);
  }

  const overlaps = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const boxAt = (left, top, width, height) => ({ left, top, right: left + width, bottom: top + height });

  // Under, over, right or left of its node: wherever it hides no node, no other name, and is in view.
  function freeBox(place, radius, width, height, taken, view) {
    const gap = radius + 4;
    const choices = [
      boxAt(place.x - width / 2, place.y + gap, width, height),
      boxAt(place.x - width / 2, place.y - gap - height, width, height),
      boxAt(place.x + gap, place.y - height / 2, width, height),
      boxAt(place.x - gap - width, place.y - height / 2, width, height),
    ];
    const inside = (box) =>
      box.left >= view.left && box.right <= view.right && box.top >= view.top && box.bottom <= view.bottom;
    return { free: choices.find((box) => inside(box) && !taken.some((other) => overlaps(box, other))), first: choices[0] };
  }

  function drawLabels(context) {
    const scale = network.getScale();
    const chosen = network.getSelectedNodes();
    // These are named in any case.
    const first = data.nodes.filter((node) => chosen.includes(node.id) || node.id === centre);
    const lineHeight = LABEL_FONT * 1.25;
    const positions = network.getPositions();
    // Everything below is in CSS pixels around the map's origin.
    const places = new Map(data.nodes.map(({ id }) => [id, { x: positions[id].x * scale, y: positions[id].y * scale }]));
    const radius = (node) => sizeOf(node) * scale;
    const corner = network.DOMtoCanvas({ x: 0, y: 0 });
    const view = boxAt(corner.x * scale, corner.y * scale, frame.clientWidth, frame.clientHeight - hint.offsetHeight);
    const taken = data.nodes.map((node) => {
      const half = radius(node);
      return boxAt(places.get(node.id).x - half, places.get(node.id).y - half, 2 * half, 2 * half);
    });
    taken.push(boxAt(view.left + tools.offsetLeft, view.top, tools.offsetWidth + 12, tools.offsetTop + tools.offsetHeight));
    context.save();
    context.textAlign = "center";
    context.textBaseline = "top";
    context.lineJoin = "round";
    context.fillStyle = variable("--ink");
    context.strokeStyle = variable("--map-background");
    context.lineWidth = 4;
    const family = getComputedStyle(document.body).fontFamily;
    context.scale(1 / scale, 1 / scale);
    for (const node of [...first, ...byImportance.filter((other) => !first.includes(other))]) {
      context.font = `${node.id === centre ? 600 : 400} ${LABEL_FONT}px ${family}`;
      const { lines, width } = labelOf(context, node);
      const found = freeBox(places.get(node.id), radius(node), width + 6, lines.length * lineHeight, taken, view);
      const box = found.free || (first.includes(node) ? found.first : null);
      if (!box) continue;
      taken.push(box);
      lines.forEach((line, row) => {
        // Isolates keep marks of right-to-left text inside their own name.
        const shown = `\u2068${line}\u2069`;
        const x = (box.left + box.right) / 2;
        context.strokeText(shown, x, box.top + row * lineHeight);
        context.fillText(shown, x, box.top + row * lineHeight);
      });
    }
    context.restore();
  }
  network.on("afterDrawing", drawLabels);

  // --- the panel -------------------------------------------------------------------------------------------------------

  function element(tag, text, attributes) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    return Object.assign(made, attributes);
  }
  const isolated = (tag, text) => {
    const made = element(tag);
    made.append(element("bdi", text));
    return made;
  };
  function facts(list) {
    const made = element("dl");
    for (const [name, value] of list) {
      const pair = element("div");
      pair.append(element("dt", name), isolated("dd", value));
      made.append(pair);
    }
    return made;
  }
  const named = new Map(data.nodes.map((node) => [node.id, node]));
  const mapLink = (id) => `${root.dataset.mapRoot}${encodeURIComponent(id)}`;

  function tieList(node) {
    const made = element("ul", undefined, { className: "tie-list" });
    const own = ties.get(node.id);
    for (const edge of own.slice(0, TIES_IN_PANEL)) {
      const other = named.get(edge.from === node.id ? edge.to : edge.from);
      const item = element("li");
      const button = isolated("button", other.party.name);
      button.type = "button";
      button.className = "plain";
      button.addEventListener("click", () => choose(other.id, true));
      const arrow = edge.arrows ? (edge.from === node.id ? "→ " : "← ") : "– ";
      const why = element("button", edge.tie.strength, { type: "button", className: "plain why-tie" });
      why.setAttribute("aria-label", say("why_tie_to", { strength: edge.tie.strength, name: other.party.name }));
      why.addEventListener("click", () => showEdge(edge, node));
      item.append(element("span", `${arrow}${edge.tie.type} `), button, " ", why);
      made.append(item);
    }
    if (own.length > TIES_IN_PANEL) {
      made.append(element("li", say("more_ties", { n: own.length - TIES_IN_PANEL }), { className: "quiet" }));
    }
    return made;
  }

  function showNode(node) {
    shownEdge = null;
    const parts = [isolated("h2", node.party.name), facts(node.party.facts)];
    parts[0].tabIndex = -1;
    if (root.dataset.mapRoot && node.id !== centre) {
      const line = element("p");
      line.append(element("a", words.open_map, { href: mapLink(node.id), className: "button" }));
      parts.push(line);
    }
    if (ties.get(node.id).length) parts.push(element("h3", words.its_ties), tieList(node));
    panel.replaceChildren(...parts);
  }

  // What a tie contributes and who says so is with the service; a map in a file has only what lies in it.
  const told = new Map();
  function whyOf(edge) {
    if (!root.dataset.tieRoot) return Promise.resolve(null);
    const address = new URL(root.dataset.tieRoot, location.href);
    address.searchParams.set("source", edge.from);
    address.searchParams.set("target", edge.to);
    if (!told.has(address.search)) {
      const asked = fetch(address)
        .then((answer) => (answer.ok ? answer.text() : null))
        .then((page) => page && new DOMParser().parseFromString(page, "text/html").getElementById("tie"))
        .catch(() => null);
      asked.then((part) => part || told.delete(address.search)); // the next look asks again
      told.set(address.search, asked);
    }
    return told.get(address.search);
  }
  const partOf = (part, edge) => part?.querySelector(`[data-tie="${CSS.escape(edge.id)}"]`);

  let shownEdge = null;
  function showEdge(edge, from) {
    const arrow = edge.arrows ? " → " : " – ";
    const title = element("h2", undefined, { tabIndex: -1 });
    title.append(element("bdi", named.get(edge.from).party.name), arrow, element("bdi", named.get(edge.to).party.name));
    const back = element("p");
    if (from) {
      const button = element("button", say("back_to", { name: from.party.name }), { type: "button" });
      button.addEventListener("click", () => {
        choose(from.id, false);
        panel.querySelector("h2").focus();
      });
      back.append(button);
    }
    const brief = facts(edge.tie.facts);
    panel.replaceChildren(title, brief, back);
    network.selectEdges([edge.id]);
    said.textContent = [title.textContent, ...edge.tie.facts.map((fact) => fact.join(": "))].join(", ");
    if (from) title.focus();
    shownEdge = edge;
    whyOf(edge).then((part) => {
      // Somebody who is quick has chosen something else meanwhile.
      if (!part || shownEdge !== edge || !title.isConnected) return;
      const why = document.importNode(part, true);
      why.querySelector("h1").remove();
      why.removeAttribute("id");
      partOf(why, edge)?.classList.add("chosen");
      brief.replaceWith(why);
    });
  }

  // The tooltip of a tie is an element, so that it can tell more once that is there.
  for (const edge of data.edges) {
    const tooltip = element("div", edge.title);
    edges.update({ id: edge.id, title: tooltip });
    edge.tooltip = tooltip;
  }
  network.on("showPopup", (id) => {
    const edge = data.edges.find((other) => other.id === id);
    if (!edge) return; // a party's
    whyOf(edge).then((part) => {
      const brief = partOf(part, edge)?.dataset.brief;
      if (brief) edge.tooltip.textContent = `${edge.title}\n${brief}`;
    });
  });

  // --- choosing ---------------------------------------------------------------------------------------------------------

  let current = null;

  function choose(id, moveThere) {
    current = id;
    const node = named.get(id);
    network.selectNodes([id]);
    showNode(node);
    said.textContent = say("chosen", { name: node.party.name, label: node.party.label, ties: ties.get(id).length });
    if (moveThere && !inView(id)) network.moveTo({ position: network.getPosition(id), animation: false });
  }
  function letGo() {
    current = null;
    network.unselectAll();
    showNode(named.get(centre));
    said.textContent = words.let_go;
  }
  function inView(id) {
    const place = network.canvasToDOM(network.getPosition(id));
    return place.x > 40 && place.y > 40 && place.x < frame.clientWidth - 40 && place.y < frame.clientHeight - 60;
  }
  // All nodes in view, with room for the names beside the outermost.
  function fit() {
    const places = data.nodes.map((node) => network.getPosition(node.id));
    const [left, right] = extent(places.map((place) => place.x));
    const [top, bottom] = extent(places.map((place) => place.y));
    const wide = (frame.clientWidth - Math.min(200, 0.3 * frame.clientWidth)) / Math.max(right - left, 1);
    const high = (frame.clientHeight - hint.offsetHeight - 100) / Math.max(bottom - top, 1);
    const scale = Math.min(wide, high, 1.2);
    const middle = { x: (left + right) / 2, y: (top + bottom) / 2 + hint.offsetHeight / 2 / scale };
    network.moveTo({ scale, position: middle, animation: false });
    grow(Math.min(LARGEST_GROWTH, Math.max(1, SMALLEST_SCALE / scale)));
  }
  const extent = (numbers) => [Math.min(...numbers), Math.max(...numbers)];
  function grow(wanted) {
    if (Math.abs(wanted - growth) < 0.05) return;
    growth = wanted;
    nodes.update(data.nodes.map((node) => ({ id: node.id, size: sizeOf(node) })));
    edges.update(data.edges.map((edge) => ({ id: edge.id, ...lineOf(edge) })));
  }
  const zoom = (factor) =>
    network.moveTo({ scale: Math.min(4, Math.max(0.08, network.getScale() * factor)), animation: false });

  network.on("click", ({ nodes: clicked, edges: touched }) => {
    if (clicked.length) choose(clicked[0], false);
    else if (touched.length) showEdge(data.edges.find((edge) => edge.id === touched[0]), null);
    else letGo();
  });
  network.on("doubleClick", ({ nodes: clicked }) => {
    if (clicked.length) open(clicked[0]);
  });
  network.on("dragEnd", ({ nodes: dragged }) => {
    // A drag is not in the DataSet by itself, and the next update would undo it.
    if (dragged.length) nodes.update(dragged.map((id) => ({ id, ...network.getPosition(id) })));
  });

  function open(id) {
    if (root.dataset.mapRoot && id !== centre) location.assign(mapLink(id));
  }

  // The nearest party in a direction: distance ahead, plus twice the distance aside.
  function neighbourTowards(dx, dy) {
    const here = network.getPosition(current);
    let best = null;
    for (const [id, place] of Object.entries(network.getPositions())) {
      const ahead = (place.x - here.x) * dx + (place.y - here.y) * dy;
      const aside = Math.abs((place.x - here.x) * dy) + Math.abs((place.y - here.y) * dx);
      const cost = ahead + 2 * aside;
      if (id !== current && ahead > 0.5 && (best === null || cost < best.cost)) best = { id, cost };
    }
    return best && best.id;
  }

  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) {
      const next = current === null ? centre : neighbourTowards(...steps[event.key]);
      if (next !== null) choose(next, true);
    } else if (event.key === "Enter" && current !== null) open(current);
    else if (event.key === "Escape") letGo();
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") {
      fit();
      said.textContent = words.all_shown;
    } else return;
    event.preventDefault();
  }
  frame.addEventListener("keydown", onKey);

  const actions = { "zoom-in": () => zoom(1.25), "zoom-out": () => zoom(0.8), fit };
  for (const button of root.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => actions[button.dataset.do]());
  }

  showNode(named.get(centre));
  fit();
  let width = frame.clientWidth;
  new ResizeObserver(() => {
    if (frame.clientWidth !== width) fit();
    width = frame.clientWidth;
  }).observe(frame);
  root.dataset.ready = "true";
  // For whoever looks at what is drawn: the tests do.
  window.graphcrmMap = { network, nodes, edges };
})();
