/** Told by the page that a sign-in in another window ends at. */
export const ENDED_CHANNEL = 'guichet.signed-in';

/** Told by a page whose reader signs out: its data is who they are. */
export const LEFT_CHANNEL = 'guichet.signed-out';

/** Where a sign-in begins that leads back here; to `returnTo`, a path of ours, when it is given. */
export function loginPath(returnTo: string = here()): string {
  return `/v1/auth/login?${new URLSearchParams({ returnTo }).toString()}`;
}

/** The gateway takes no longer ones; a form that is filled in by such a link begins at its page alone. */
const LONGEST = 1500;

function here(): string {
  const whole = `${location.pathname}${location.search}${location.hash}`;
  return whole.length <= LONGEST ? whole : location.pathname;
}
