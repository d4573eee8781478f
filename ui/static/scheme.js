// Dark or light, as the system has it until somebody switches, which the browser remembers; a link's `__theme` comes
// before both. Gradio follows the system alone, whenever it likes.
(() => {
  const KEY = "darkroom-scheme";
  const system = matchMedia("(prefers-color-scheme: light)");
  const asked = new URLSearchParams(location.search).get("__theme");
  let chosen = [asked, localStorage.getItem(KEY)].find((it) => it === "light" || it === "dark");
  const isLight = () => (chosen ? chosen === "light" : system.matches);
  const apply = () => {
    if (document.body.classList.contains("dark") === isLight()) document.body.classList.toggle("dark", !isLight());
    document.documentElement.style.colorScheme = isLight() ? "light" : "dark";
  };
  const switchScheme = () => {
    chosen = isLight() ? "dark" : "light";
    apply();
    localStorage.setItem(KEY, chosen);
  };
  window.darkroom = { switchScheme }; // other scripts add to it
  apply();
  system.addEventListener("change", apply);
  new MutationObserver(apply).observe(document.body, { attributeFilter: ["class"] });
})();
