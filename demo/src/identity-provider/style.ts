/** The one style sheet of the identity provider's pages: light or dark, as the person's system says. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f4f3ef, #16181c); --card: light-dark(#ffffff, #1f2228); --ink: light-dark(#22252a, #e8e6e1);
  --faint: light-dark(#5d626b, #a3a8b1); --line: light-dark(#d9d7d0, #363b44); --accent: light-dark(#7a3e12, #f0b37e);
  --on-accent: light-dark(#ffffff, #24160a); --wrong: light-dark(#a4161a, #ff9b94); --field: light-dark(#ffffff, #16181c);
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2rem; }
.house { margin: 0 0 1.25rem; color: var(--faint); font-size: .875rem; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
p { margin: 0 0 1rem; }
.faint { color: var(--faint); }
label { display: block; margin: 1rem 0 .3rem; font-weight: 550; }
input:not([type=hidden]) { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--field); border: 1px solid var(--faint);
  border-radius: 8px; }
.buttons { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; padding: .65rem 1rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent);
  border: 1px solid var(--accent); border-radius: 8px; cursor: pointer; }
button.quiet { flex: 0 0 auto; color: var(--ink); background: transparent; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.wrong { margin: 1rem 0 0; padding: .6rem .75rem; border-left: 4px solid var(--wrong); color: var(--wrong); font-weight: 550; }
.people { margin: 1.75rem 0 0; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: .9rem; }
.people h2 { margin: 0 0 .5rem; font-size: .9rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem 1rem; margin: 0 0 .75rem; }
dt { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; }
dd { margin: 0; color: var(--faint); }
.people p { margin: 0; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-weight: 600; }
`;
