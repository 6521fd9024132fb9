// Puts what the pages take from others into ncpc_kg/web/static/vendor:
//   yasqe.js, yasqe.css   the editor for SPARQL
//   world.json            the shapes of countries, projected once, as SVG paths by ISO 3166-1 code
//   NOTICE.txt            whose work that is, and under which licence
//   stamp.txt             the lock file's checksum, so that the build knows when to run again
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { geoArea, geoNaturalEarth1, geoPath } from "d3-geo";
import { feature } from "topojson-client";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "ncpc_kg", "web", "static", "vendor");
const WIDTH = 960;
const SOUTH = -58; // Antarctica has no country

const read = (name) => readFileSync(require.resolve(name), "utf8");
const write = (name, text) => writeFileSync(join(target, name), text);

function editor() {
  // The maps that these lines point to are not shipped.
  const withoutMap = (text) => text.replace(/\n?\/[/*]# sourceMappingURL=\S+(\s*\*\/)?\s*$/, "\n");
  write("yasqe.js", withoutMap(read("@zazuko/yasqe/build/yasqe.min.js")));
  write("yasqe.css", withoutMap(read("@zazuko/yasqe/build/yasqe.min.css")));
}

function world() {
  const topology = JSON.parse(read("world-atlas/countries-110m.json"));
  const outline = JSON.parse(read("world-atlas/land-110m.json"));
  const alpha2 = new Map(require("i18n-iso-countries/codes.json").map(([two, , number]) => [number, two]));
  const all = feature(topology, topology.objects.countries);
  const shown = { ...all, features: all.features.filter(({ id }) => id !== "010") };
  const projection = geoNaturalEarth1().fitWidth(WIDTH, shown).precision(0.3);
  const path = geoPath(projection).digits(1);
  const coarse = geoPath(projection.precision(1)).digits(1);
  const height = Math.ceil(projection([0, SOUTH])[1]);
  const countries = {};
  for (const shape of shown.features) {
    const code = alpha2.get(shape.id);
    const drawn = path(shape);
    if (!code || !drawn) continue;
    const [x, y] = path.centroid(largest(shape)).map((value) => Math.round(value * 10) / 10);
    countries[code] = { path: drawn, x, y };
  }
  const land = { type: "MultiPolygon", coordinates: inhabited(feature(outline, outline.objects.land)) };
  write("world.json", JSON.stringify({ width: WIDTH, height, land: coarse(land), countries }));
}

// The land but for Antarctica, all of which lies south of what is shown.
function inhabited(collection) {
  const polygons = collection.features.flatMap(({ geometry }) => geometry.coordinates);
  return polygons.filter(([ring]) => ring.some(([, latitude]) => latitude > SOUTH));
}

// The point of a country lies in its largest part, not in the sea between its islands.
function largest(shape) {
  if (shape.geometry.type !== "MultiPolygon") return shape;
  const parts = shape.geometry.coordinates.map((coordinates) => ({ type: "Polygon", coordinates }));
  return parts.reduce((most, part) => (geoArea(part) > geoArea(most) ? part : most));
}

function notice() {
  const parts = ["Made by others and shipped with the pages."];
  for (const name of ["@zazuko/yasqe", "codemirror", "world-atlas"]) {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const terms = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
    const text = terms.map((file) => readFileSync(join(folder, file), "utf8").trim());
    parts.push([`${name} ${version}, ${license}`, ...text].join("\n\n"));
  }
  parts.push("The shapes of countries are those of Natural Earth, which are in the public domain.");
  write("NOTICE.txt", parts.join("\n\n---\n\n") + "\n");
}

mkdirSync(target, { recursive: true });
editor();
world();
notice();
const inputs = [join(here, "package-lock.json"), fileURLToPath(import.meta.url)];
const stamp = createHash("sha256");
for (const file of inputs) stamp.update(readFileSync(file));
write("stamp.txt", stamp.digest("hex") + "\n");
