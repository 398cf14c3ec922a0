/** A rule that a line of a file breaks. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}
