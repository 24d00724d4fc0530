/** Outlines around the cells that are pointed at, on top of their neighbours. Cells that touch share one outline. */
import type { Mark } from "./marks";

const SVG = "http://www.w3.org/2000/svg";
const GROW = 2;
/** Sides of two cells closer than this are one border, and are left out. */
const TOUCH = 3;
/** Past so many the class alone must do: an outline on everything says nothing. */
const MOST = 1000;
/** Edges get wider instead; words, signs and outlines have none. */
const BARE = ".edge, .outline, .tag, text, image";

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function clearRings(root: Element): void {
  root.querySelector(":scope > svg > g.rings")?.remove();
}

export function ringsOn(root: Element, marks: readonly Mark[]): void {
  clearRings(root);
  const svg = root.querySelector<SVGSVGElement>(":scope > svg");
  const cells = marks
    .map((mark) => mark.element)
    .filter(
      (element): element is SVGGraphicsElement => element instanceof SVGGraphicsElement && !element.matches(BARE),
    );
  if (!svg || cells.length === 0 || cells.length > MOST) return;
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "rings");
  group.setAttribute("aria-hidden", "true");
  const boxes: Box[] = [];
  for (const cell of cells) {
    const place = placeOf(cell, svg);
    if (cell instanceof SVGRectElement && !place.b && !place.c) boxes.push(boxOf(cell, place));
    else group.append(skewed(cell, place));
  }
  group.append(path(outline(boxes)));
  svg.append(group);
}

/** Where an element's own coordinates lie in the drawing. Read off the transforms, so that no layout is needed. */
function placeOf(element: Element, svg: Element): DOMMatrix {
  if (element === svg) return new DOMMatrix();
  const known = PLACES.get(element);
  if (known) return known;
  const parent = placeOf(element.parentElement!, svg);
  const own = (element as SVGGraphicsElement).transform.baseVal.consolidate()?.matrix;
  const place = own ? parent.multiply(DOMMatrix.fromMatrix(own)) : parent;
  PLACES.set(element, place);
  return place;
}
const PLACES = new WeakMap<Element, DOMMatrix>();

function boxOf(cell: SVGRectElement, { a, d, e, f }: DOMMatrix): Box {
  const [x, y, width, height] = [cell.x, cell.y, cell.width, cell.height].map((length) => length.baseVal.value) as [
    number,
    number,
    number,
    number,
  ];
  return { left: a * x + e, top: d * y + f, right: a * (x + width) + e, bottom: d * (y + height) + f };
}

/** The sides of all boxes, but for those where two of them touch. */
function outline(boxes: readonly Box[]): string {
  const lefts = new Map<string, Box[]>();
  const tops = new Map<string, Box[]>();
  const put = (map: Map<string, Box[]>, key: number, box: Box): void => {
    const name = String(Math.round(key));
    const known = map.get(name);
    if (known) known.push(box);
    else map.set(name, [box]);
  };
  for (const box of boxes) {
    put(lefts, box.top, box);
    put(tops, box.left, box);
  }
  const beside = (map: Map<string, Box[]>, key: number, far: (other: Box) => number): boolean =>
    (map.get(String(Math.round(key))) ?? []).some((other) => Math.abs(far(other)) < TOUCH);
  return boxes
    .map((box) => {
      const hides = {
        left: beside(lefts, box.top, (other) => other.right - box.left),
        right: beside(lefts, box.top, (other) => other.left - box.right),
        top: beside(tops, box.left, (other) => other.bottom - box.top),
        bottom: beside(tops, box.left, (other) => other.top - box.bottom),
      };
      return sides(box, hides);
    })
    .join("");
}

/** One box's visible sides. A side runs on to the middle of the gap where its neighbour goes on with it. */
function sides(box: Box, hides: Record<keyof Box, boolean>): string {
  const left = box.left - (hides.left ? 1 : GROW);
  const right = box.right + (hides.right ? 1 : GROW);
  const top = box.top - (hides.top ? 1 : GROW);
  const bottom = box.bottom + (hides.bottom ? 1 : GROW);
  if (!hides.left && !hides.right && !hides.top && !hides.bottom) return rounded(left, top, right, bottom, 2.5);
  return (
    (hides.top ? "" : `M${left} ${box.top - GROW}H${right}`) +
    (hides.bottom ? "" : `M${left} ${box.bottom + GROW}H${right}`) +
    (hides.left ? "" : `M${box.left - GROW} ${top}V${bottom}`) +
    (hides.right ? "" : `M${box.right + GROW} ${top}V${bottom}`)
  );
}

const rounded = (left: number, top: number, right: number, bottom: number, r: number): string =>
  `M${left + r} ${top}H${right - r}q${r} 0 ${r} ${r}V${bottom - r}q0 ${r} ${-r} ${r}H${left + r}q${-r} 0 ${-r} ${-r}V${top + r}q0 ${-r} ${r} ${-r}Z`;

function path(d: string): SVGElement {
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", d);
  return drawn;
}

/** The shape of a cell that is no upright box, without its keys and its fill. */
function skewed(cell: SVGGraphicsElement, { a, b, c, d, e, f }: DOMMatrix): SVGElement {
  const copy = cell.cloneNode(false) as SVGElement;
  for (const { name } of [...copy.attributes])
    if (!["d", "points", "cx", "cy", "r", "x", "y", "width", "height"].includes(name)) copy.removeAttribute(name);
  copy.setAttribute("transform", `matrix(${[a, b, c, d, e, f].join(" ")})`);
  copy.setAttribute("class", "skewed");
  return copy;
}
