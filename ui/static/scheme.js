// Dark or light: dark until somebody switches, which the browser remembers; a link's `__theme` comes before both.
// Gradio follows the system, whenever it likes, and knows no other choice.
(() => {
  const KEY = "darkroom-scheme";
  let scheme = new URLSearchParams(location.search).get("__theme") ?? localStorage.getItem(KEY) ?? "dark";
  const apply = () => {
    if (document.body.classList.contains("dark") !== (scheme !== "light"))
      document.body.classList.toggle("dark", scheme !== "light");
    document.documentElement.style.colorScheme = scheme === "light" ? "light" : "dark";
  };
  const switchScheme = () => {
    scheme = scheme === "light" ? "dark" : "light";
    apply();
    localStorage.setItem(KEY, scheme);
  };
  window.darkroom = { switchScheme }; // other scripts add to it
  apply();
  new MutationObserver(apply).observe(document.body, { attributeFilter: ["class"] });
})();
