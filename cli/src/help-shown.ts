/** Help was asked for and printed: nothing more to do. */
export class HelpShown extends Error {}
