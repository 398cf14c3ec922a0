/** Stands where a secret was. Nobody who sees it learns how long the secret is. */
export const SECRET_MARKER = '••••••';
