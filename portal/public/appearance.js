// Runs before the page is painted, so it is no module and imports nothing. src/app/appearance.ts writes what it reads.
(() => {
  const root = document.documentElement;
  let chosen = null;
  try {
    chosen = localStorage.getItem('guichet.theme');
  } catch {
    // A browser that keeps nothing: the system says.
  }
  const isDark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.theme = isDark ? 'dark' : 'light';
})();
