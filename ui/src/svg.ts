/** A drawing from the host as a node of this page: parsed, cleaned, and its ids its own. */

const DROPPED = "script, foreignObject, style, iframe, object, embed, a, animate, set, animateTransform, animateMotion";
/** What the page has itself: one hatch for all drawings, and outlines, since pointing changes them without a new drawing. */
const OURS = "pattern[id^=hatch], .outline.pointed, .rings";
const LINKS = new Set(["href", "xlink:href"]);

/** The svg element of a drawing, safe to adopt; throws where the text is none. */
export function drawing(text: string, prefix: string): SVGSVGElement {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
  const root = parsed.documentElement;
  if (root.localName !== "svg" || parsed.querySelector("parsererror"))
    throw new Error("The drawing could not be read. Reload the page.");
  for (const element of root.querySelectorAll(`${DROPPED}, ${OURS}`)) element.remove();
  for (const element of [root, ...root.querySelectorAll("*")]) clean(element, prefix);
  for (const edge of root.querySelectorAll(".pointed")) edge.classList.remove("pointed");
  const svg = document.importNode(root, true) as unknown as SVGSVGElement;
  const title = svg.querySelector(":scope > title")?.textContent;
  svg.setAttribute("role", "group");
  if (title) svg.setAttribute("aria-label", title);
  // The panel says the title; a native tooltip over every cell would only repeat it.
  svg.querySelector(":scope > title")?.remove();
  return svg;
}

function clean(element: Element, prefix: string): void {
  for (const { name, value } of [...element.attributes]) {
    if (/^on/i.test(name) || name === "style") element.removeAttribute(name);
    else if (LINKS.has(name) && !/^(#|data:image\/png;base64,)/.test(value)) element.removeAttribute(name);
    else if (name === "id") element.setAttribute(name, own(value, prefix));
    else if (LINKS.has(name) && value.startsWith("#")) element.setAttribute(name, `#${own(value.slice(1), prefix)}`);
    else if (value.includes("url("))
      element.setAttribute(
        name,
        value.replace(/url\(["']?([^)"']*)["']?\)/g, (_, to: string) => `url(#${own(to.slice(1), prefix)})`),
      );
  }
}

const own = (id: string, prefix: string): string => (id.startsWith("hatch") ? id : `${prefix}-${id}`);

/** Natural width of a drawing that is still text; 0 where it says none. */
export const widthOf = (text: string): number =>
  Number(/viewBox="[-\d.]+[ ,]+[-\d.]+[ ,]+([\d.]+)/.exec(text)?.[1] ?? 0);

/** Natural width and height of a drawing, from its viewBox. */
export function sizeOf(svg: SVGSVGElement): { width: number; height: number } {
  const box = (svg.getAttribute("viewBox") ?? "").split(/[ ,]+/).map(Number);
  return {
    width: box[2] || Number(svg.getAttribute("width")) || 300,
    height: box[3] || Number(svg.getAttribute("height")) || 150,
  };
}

/** Saves text as a file of the reader's. */
export function save(name: string, text: string, type = "image/svg+xml"): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
