/** Words of the keyboard: the sheet that `?` opens. */
export const keys = {
  title: 'Keyboard shortcuts',
  about: 'What can be pressed right now.',
  sheet: 'Show keyboard shortcuts',
  groups: { anywhere: 'Anywhere', go: 'Go to', here: 'On this page' },
  single: 'Shortcuts of a single key',
  singleAbout: 'Turn them off if you speak to your computer, or press keys unawares. Those with Ctrl or Command stay.',
  /** Read aloud in place of the drawn keys. */
  spoken: (keys: string): string => keys.replaceAll(' ', ', then ').replaceAll('mod', 'Control or Command'),
};
