/** Outlines drawn over the cells that are pointed at: 1.25 px, 1.5 px outside the cell, on top of its neighbours. */
import type { Mark } from "./marks";

const SVG = "http://www.w3.org/2000/svg";
const GROW = 2;
/** Past so many the class alone must do: an outline on everything says nothing. */
const MOST = 400;

/** Edges get wider instead; words and outlines have none. */
const BARE = ".edge, .outline, .hit, text";

export function clearRings(root: Element): void {
  root.querySelector(":scope > svg > g.rings")?.remove();
}

export function ringsOn(root: Element, marks: readonly Mark[]): void {
  clearRings(root);
  const svg = root.querySelector<SVGSVGElement>(":scope > svg");
  const base = svg?.getScreenCTM();
  if (!svg || !base) return;
  const cells = marks.map((mark) => mark.element).filter((element) => element instanceof SVGGraphicsElement && !element.matches(BARE));
  if (cells.length === 0 || cells.length > MOST) return;
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "rings");
  group.setAttribute("aria-hidden", "true");
  const inverse = base.inverse();
  for (const cell of cells as SVGGraphicsElement[]) {
    const matrix = cell.getScreenCTM();
    if (matrix) group.append(ring(cell, inverse.multiply(matrix)));
  }
  svg.append(group);
}

function ring(cell: SVGGraphicsElement, matrix: DOMMatrix): SVGElement {
  const shape = cell instanceof SVGRectElement || !(cell instanceof SVGGeometryElement) ? boxed(cell) : bare(cell);
  const { a, b, c, d, e, f } = matrix;
  if (a !== 1 || b || c || d !== 1 || e || f) shape.setAttribute("transform", `matrix(${[a, b, c, d, e, f].join(" ")})`);
  return shape;
}

function boxed(cell: SVGGraphicsElement): SVGElement {
  const box = cell.getBBox();
  const rect = document.createElementNS(SVG, "rect");
  const set = { x: box.x - GROW, y: box.y - GROW, width: box.width + 2 * GROW, height: box.height + 2 * GROW, rx: 2.5 };
  for (const [name, number] of Object.entries(set)) rect.setAttribute(name, String(number));
  return rect;
}

/** The shape of a skewed cell, without its keys and its fill. */
function bare(cell: SVGGraphicsElement): SVGElement {
  const copy = cell.cloneNode(false) as SVGElement;
  for (const { name } of [...copy.attributes]) if (!["d", "points", "cx", "cy", "r", "x1", "x2", "y1", "y2"].includes(name)) copy.removeAttribute(name);
  return copy;
}
