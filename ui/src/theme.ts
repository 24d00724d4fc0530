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
