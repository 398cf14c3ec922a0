import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Text } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder as placeholderOf,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { type ReactNode, useEffect, useRef } from 'react';
import type { CodeEditorHandle, CodeEditorProps, CodeProblem } from './code-editor-props.ts';
import { grammarOf } from './code-language.ts';

/** The colours of the page: custom properties reach into a shadow root, so both themes are in these. */
const look = EditorView.theme({
  '&': { fontSize: '0.75rem', color: 'var(--ink)', background: 'var(--panel)', borderRadius: '0.375rem', maxHeight: '60vh' },
  '&.cm-focused': { outline: '2px solid var(--accent)' },
  '.cm-scroller': {
    fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
    lineHeight: '1.25rem',
    overflow: 'auto',
    fontVariantLigatures: 'none',
  },
  '.cm-content': { padding: '4px 0', caretColor: 'var(--accent)' },
  '.cm-gutters': { background: 'var(--sunken)', color: 'var(--faint)', border: 'none', borderRadius: '0.375rem 0 0 0.375rem' },
  '.cm-activeLine, .cm-activeLineGutter': { background: 'color-mix(in srgb, var(--hover) 60%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-placeholder': { color: 'var(--faint)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'var(--accent-tint)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    background: 'var(--accent-tint)',
    outline: '1px solid var(--line-strong)',
  },
  '.cm-tooltip': { background: 'var(--raised)', color: 'var(--ink)', border: '1px solid var(--line)', borderRadius: '6px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  // The marks that come along are pictures in data: addresses, which the policy of the page refuses.
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.comment], color: 'var(--faint)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.keyword, tags.bool, tags.null, tags.atom], color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.annotation, tags.meta], color: 'var(--warn)' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.typeName], color: 'var(--info)' },
  { tag: [tags.number], color: 'var(--warn)' },
]);

/** The editor itself, mounted once in a shadow root of its own; what it is told later is dispatched to it. */
export function CodeEditorView(props: CodeEditorProps): ReactNode {
  const {
    label,
    value,
    language = 'text',
    problems,
    readOnly = false,
    invalid = false,
    placeholder = '',
    minLines = 6,
    handle,
  } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    // An element keeps its shadow root; React mounts twice while developing.
    const shadow = element.shadowRoot ?? element.attachShadow({ mode: 'open', delegatesFocus: true });
    const editor = new EditorView({
      parent: shadow,
      root: shadow,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          keymap.of([{ key: 'Mod-Enter', run: () => submit(latest.current.onSubmit) }]),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorState.tabSize.of(2),
          EditorView.lineWrapping,
          look,
          syntaxHighlighting(colours),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
            if (update.focusChanged && !update.view.hasFocus) latest.current.onBlur?.();
          }),
          ...Object.values(parts).map((part) => part.of([])),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = undefined;
      editor.destroy();
    };
  }, []);

  useEffect(() => {
    let isCurrent = true;
    void grammarOf(language).then(
      (grammar) => isCurrent && view.current?.dispatch({ effects: parts.grammar.reconfigure(grammar) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [language]);

  useEffect(() => {
    view.current?.dispatch({
      effects: [
        parts.access.reconfigure([EditorState.readOnly.of(readOnly), placeholderOf(placeholder)]),
        parts.name.reconfigure(
          EditorView.contentAttributes.of({ 'aria-label': label, ...(invalid && { 'aria-invalid': 'true' }), tabindex: '0' }),
        ),
        parts.height.reconfigure(EditorView.theme({ '.cm-content, .cm-gutter': { minHeight: `${minLines * 20 + 8}px` } })),
      ],
    });
  }, [label, readOnly, invalid, placeholder, minLines]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || problems === undefined) return;
    editor.dispatch(
      setDiagnostics(
        editor.state,
        problems.map((problem) => diagnosticOf(problem, editor.state.doc)),
      ),
    );
  }, [problems]);

  useEffect(() => {
    if (handle === undefined) return;
    handle.current = handleOf(view);
    return () => {
      handle.current = null;
    };
  }, [handle]);

  return <div ref={host} className={`min-w-0 rounded-md border ${invalid ? 'border-bad' : 'border-line-strong'}`} />;
}

/** What of an editor changes while it lives. */
const parts = { grammar: new Compartment(), access: new Compartment(), name: new Compartment(), height: new Compartment() };

function submit(onSubmit: (() => void) | undefined): boolean {
  onSubmit?.();
  return onSubmit !== undefined;
}

function handleOf(view: { readonly current: EditorView | undefined }): CodeEditorHandle {
  return {
    focus: () => view.current?.focus(),
    goTo: (line, column = 1) => {
      const editor = view.current;
      if (editor === undefined) return;
      const anchor = placeIn(editor.state.doc, line, column);
      editor.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
      editor.focus();
    },
  };
}

/** The offset of a place that somebody else has counted: of an older text it may lie outside of this one. */
function placeIn(doc: Text, line: number, column: number): number {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(from + column - 1, to);
}

function diagnosticOf({ line, column, severity, message, remedy }: CodeProblem, doc: Text): Diagnostic {
  const from = placeIn(doc, line, column ?? 1);
  const { to } = doc.lineAt(from);
  return { from, to: Math.max(to, from), severity, message: remedy === undefined ? message : `${message} ${remedy}` };
}
