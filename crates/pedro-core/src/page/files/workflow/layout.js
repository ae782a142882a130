// Where the boxes of a plan stand: in layers, each step after all that it waits for, with as few crossings as possible.

/** Sizes of the picture; `along` is the way from the first step to the last, `across` is the other one. */
const BOX = { height: 82, narrowest: 112, tightest: 88, widest: 220, gapAcross: 16 };
const GAP = { plain: 34, worded: 92, most: 80 };
/** Below this the plan runs from top to bottom. */
const NARROW = 620;

/** Who waits for whom, without what follows from the rest. Steps stand after those that they wait for. */
function linksOf(steps) {
  const place = new Map(steps.map(({ id }, index) => [id, index]));
  const reached = [];
  return steps.flatMap((step, to) => {
    const words = new Map([...step.depends_on.map((id) => [id]), ...(step.condition ? [[step.condition.step, step.condition.words]] : [])]);
    const from = [...words.keys()].map((id) => place.get(id)).filter((index) => index < to);
    const behind = new Set(from.flatMap((index) => [...reached[index]]));
    reached.push(new Set([...from, ...behind]));
    return from
      .map((index) => ({ from: index, to, words: words.get(steps[index].id) }))
      .filter(({ from: index, words: told }) => told || !behind.has(index));
  });
}

/** The layers, each with its cells: a step, or a link that passes through. */
function layersOf(count, links) {
  const depth = [];
  for (let index = 0; index < count; index += 1) {
    depth.push(Math.max(-1, ...links.filter(({ to }) => to === index).map(({ from }) => depth[from])) + 1);
  }
  const layers = Array.from({ length: Math.max(-1, ...depth) + 1 }, () => []);
  const cells = depth.map((layer, index) => ({ index, layer, before: [], after: [] }));
  cells.forEach((cell) => layers[cell.layer].push(cell));
  const paths = links.map((one) => {
    const path = [cells[one.from]];
    for (let layer = depth[one.from] + 1; layer < depth[one.to]; layer += 1) {
      const passing = { layer, before: [], after: [] };
      layers[layer].push(passing);
      path.push(passing);
    }
    path.push(cells[one.to]);
    path.slice(1).forEach((cell, place) => {
      cell.before.push(path[place]);
      path[place].after.push(cell);
    });
    return path;
  });
  return { layers, cells, paths };
}

/** Each cell moves to the middle of its neighbours, there and back again. */
function untangle(layers) {
  const number = (layer) => layer.forEach((cell, place) => (cell.place = place - (layer.length - 1) / 2));
  layers.forEach(number);
  for (const side of ["before", "after", "before", "after", "before"]) {
    const order = side === "before" ? layers : layers.toReversed();
    for (const layer of order) {
      const wish = (cell) => (cell[side].length ? cell[side].reduce((sum, { place }) => sum + place, 0) / cell[side].length : cell.place);
      const wishes = new Map(layer.map((cell) => [cell, wish(cell)]));
      layer.sort((one, other) => wishes.get(one) - wishes.get(other));
      number(layer);
    }
  }
}

/** Boxes and lines in a room of this width. */
function layoutOf(steps, room) {
  const links = linksOf(steps);
  const { layers, cells, paths } = layersOf(steps.length, links);
  untangle(layers);
  const down = room < NARROW;
  const least = links.some(({ words }) => words) ? (down ? 48 : GAP.worded) : GAP.plain;
  // Where there is room, the lines get some of it.
  const gap = down ? least : Math.max(least, Math.min(GAP.most, (room - layers.length * BOX.widest) / (layers.length - 1)));
  const [spare, passing] = down ? [8, 12] : [BOX.gapAcross, 20];
  const shares = down
    ? layers.map((layer) => {
        const boxes = layer.filter(({ index }) => index !== undefined).length;
        return (room - spare * (layer.length - 1) - passing * (layer.length - boxes)) / Math.max(boxes, 1);
      })
    : [(room - gap * (layers.length - 1)) / layers.length];
  const width = Math.min(Math.max(Math.min(...shares), down ? BOX.tightest : BOX.narrowest), BOX.widest);
  const [long, wide] = down ? [BOX.height, width] : [width, BOX.height];
  const extent = (layer) => layer.reduce((sum, { index }) => sum + (index === undefined ? passing : wide) + spare, -spare);
  const breadth = Math.max(...layers.map(extent));
  layers.forEach((layer, number) => {
    let across = (breadth - extent(layer)) / 2;
    for (const cell of layer) {
      const own = cell.index === undefined ? passing : wide;
      Object.assign(cell, { along: number * (long + gap), across: across + own / 2 });
      across += own + spare;
    }
  });
  const length = layers.length * (long + gap) - gap;
  const point = (along, across) => (down ? [across, along] : [along, across]);
  return {
    down,
    box: { width, height: BOX.height },
    size: point(length, breadth),
    boxes: cells.map(({ along, across }) => point(along, across - wide / 2)),
    lines: paths.map((path, place) => ({
      ...links[place],
      points: path.flatMap(({ along, across }) => [point(along, across), point(along + long, across)]).slice(1, -1),
    })),
  };
}
