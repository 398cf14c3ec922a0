/** Words of the small parts that every page is made of. */
export const ui = {
  loading: 'Loading',
  actions: 'Actions',
  nextRow: 'Next row',
  previousRow: 'Previous row',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  cancel: 'Cancel',
  tryAgain: 'Try again',
  required: 'required',
  optional: 'optional',
  tree: { unfoldAll: 'Unfold all', foldAll: 'Fold all' },
  more: 'Show more',
  search: 'Search',
  all: 'All',
  none: 'None',
  /** What something is about, and what it is. */
  labelled: (label: string, value: string): string => `${label}: ${value}`,
  yes: 'Yes',
  no: 'No',
  unreachable: {
    title: 'The gateway cannot be reached',
    text: 'Check your network or VPN. What you typed is still here; this page goes on when the gateway is back.',
  },
  stale: (why: string): string => `This is how it was; it could not be renewed. ${why}`,
  editor: {
    problems: 'Problems in the text',
    line: (line: number): string => `Line ${line}`,
    error: 'Error',
    warning: 'Warning',
  },
};
