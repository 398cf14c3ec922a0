import type { CodeLanguage } from './code-language.ts';

/** What is wrong at a place of the text; lines and columns count from 1. */
export interface CodeProblem {
  readonly line: number;
  readonly column?: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly remedy?: string | undefined;
}

/** What can be asked of an editor that is on the screen. */
export interface CodeEditorHandle {
  readonly focus: () => void;
  /** Puts the cursor there, in sight. */
  readonly goTo: (line: number, column?: number) => void;
}

export interface CodeEditorProps {
  /** Its accessible name. Labels outside do not reach into the shadow root that it lives in. */
  readonly label: string;
  readonly value: string;
  readonly onChange?: (value: string) => void;
  readonly language?: CodeLanguage;
  /** Marked in the text and listed below it. */
  readonly problems?: readonly CodeProblem[];
  readonly readOnly?: boolean;
  readonly invalid?: boolean;
  readonly placeholder?: string;
  /** Lines that it is high when there is less in it; it grows up to a part of the window. */
  readonly minLines?: number;
  /** `mod+Enter` in it. */
  readonly onSubmit?: () => void;
  readonly onBlur?: () => void;
  /** Filled with what can be asked of it: `const editor = useRef<CodeEditorHandle>(null)`. */
  readonly handle?: { current: CodeEditorHandle | null };
}
