// A stand-in for storage that the browser denies, as many do in a frame of another site, which a Space is shown in.
// Gradio reads localStorage unasked, which raises an error there, and its page would never be drawn. Runs before all
// other scripts; what is kept lasts as long as the page.
for (const name of ["localStorage", "sessionStorage"]) {
  try {
    if (window[name]) continue;
  } catch {}
  const kept = new Map();
  const storage = {
    get length() {
      return kept.size;
    },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(String(key)) ?? null,
    setItem: (key, value) => void kept.set(String(key), String(value)),
    removeItem: (key) => void kept.delete(String(key)),
    clear: () => kept.clear(),
  };
  Object.defineProperty(window, name, { value: storage });
  document.documentElement.classList.add("no-storage");
}
