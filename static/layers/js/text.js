// Translated strings, read from the JSON blocks that Django renders into the page.

const strings = new Map();
for (const block of document.querySelectorAll("script[type='application/json'][data-strings]")) {
  for (const [key, value] of Object.entries(JSON.parse(block.textContent))) strings.set(key, value);
}

export const language = document.documentElement.lang || "id";

// `{name}` in a string is replaced by the value of that name.
export function t(key, values = {}) {
  const text = strings.get(key) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
