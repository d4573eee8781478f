"""Dark or light: dark until somebody switches, which the browser remembers; a link's `__theme` comes before both."""

# Gradio follows the system, whenever it likes, and knows no other choice.
SCHEME = """<script>
(() => {
  const KEY = "darkroom-scheme";
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  let scheme = new URLSearchParams(location.search).get("__theme") ?? remembered() ?? "dark";
  const apply = () => {
    if (document.body.classList.contains("dark") !== (scheme !== "light"))
      document.body.classList.toggle("dark", scheme !== "light");
    document.documentElement.style.colorScheme = scheme === "light" ? "light" : "dark";
  };
  window.darkroomScheme = () => {
    scheme = scheme === "light" ? "dark" : "light";
    try { localStorage.setItem(KEY, scheme); } catch {}
    apply();
  };
  apply();
  new MutationObserver(apply).observe(document.body, { attributeFilter: ["class"] });
})();
</script>"""
