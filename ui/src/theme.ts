/** Light or dark: the reader's system decides until the button is used. */
export type Theme = "light" | "dark";

const KEY = "isochrome-theme";

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function themeNow(root: HTMLElement): Theme {
  const set = root.dataset.theme;
  if (set === "light" || set === "dark") return set;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** A notebook's theme is the explorer's, whenever it changes; where a notebook says nothing of it, the system's. */
export function followNotebook(root: HTMLElement): () => void {
  const { body } = root.ownerDocument;
  const follow = (): void => {
    const light = body.dataset.jpThemeLight;
    if (light) root.dataset.theme = light === "true" ? "light" : "dark";
  };
  follow();
  const watcher = new MutationObserver(follow);
  watcher.observe(body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  return () => watcher.disconnect();
}

export function themeAtStart(root: HTMLElement): void {
  const chosen = stored();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
}

export function turnTheme(root: HTMLElement): void {
  root.dataset.theme = themeNow(root) === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, root.dataset.theme);
  } catch {
    // A file opened from disk may have no storage: the choice then lasts as long as the page.
  }
}
