/** The one style sheet of the pages of sign-in: light or dark, as the person's system says. */
export const STYLE = `:root { color-scheme: light dark; --paper: #f4f5f7; --card: #fff; --ink: #1c1c1f; --soft: #5c5c66; --line: #d9dbe0;
  --go: #1a5fb4; --on-go: #fff; --wrong: #a4161a }
@media (prefers-color-scheme: dark) { :root { --paper: #131417; --card: #1d1f24; --ink: #f2f2f4; --soft: #b4b4bd; --line: #3a3d45;
  --go: #78aeed; --on-go: #10151c; --wrong: #ff9b94 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
@media (max-width: 30rem) { main { padding: 1.5rem 1.25rem } }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem }
p { margin: 0 0 1rem }
.house { color: var(--soft); font-size: .9375rem; font-weight: 600; margin: 0 0 1.25rem }
.soft { color: var(--soft) }
.wrong { padding: .5rem .75rem; border-left: 4px solid var(--wrong); color: var(--wrong); font-weight: 600 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0 0 1.5rem; padding: 1rem;
  border: 1px solid var(--line); border-radius: .5rem }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
code, input { font: 1.25rem ui-monospace, monospace; letter-spacing: .08em }
code { font-weight: 700 }
.run { font-size: .9375em; font-weight: inherit; letter-spacing: 0; white-space: nowrap }
label { display: block; margin-bottom: .25rem; font-weight: 600 }
input { width: 100%; padding: .5rem .75rem; border: 1px solid var(--soft); border-radius: .5rem; text-transform: uppercase;
  background: transparent; color: inherit; margin-bottom: 1rem }
a { color: var(--go) }
.choice { display: flex; gap: .75rem; flex-wrap: wrap }
button, a.go { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; border-radius: .5rem;
  cursor: pointer; border: 1px solid var(--go); background: transparent; color: var(--go); text-align: center; text-decoration: none }
button.go, a.go { background: var(--go); color: var(--on-go) }
footer { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; margin: 1.5rem 0 0; padding: 1rem 0 0;
  border-top: 1px solid var(--line); color: var(--soft); font-size: .9375rem }
footer p { margin: 0; flex: 1 1 100% }
footer a, footer button { padding: .125rem 0 }
footer button { flex: none; min-height: 0; border: 0; border-radius: 0; font-weight: 400; text-decoration: underline }
.trace { margin: 1.5rem 0 0; font-size: .875rem; color: var(--soft); overflow-wrap: anywhere }
:focus-visible { outline: 3px solid var(--go); outline-offset: 2px }
`;
