// As in the contract, whose lists are inside of schemas.
export const ACTION_KINDS = ['read', 'write'] as const;
export type Kind = (typeof ACTION_KINDS)[number];
export const RISKS = ['safe', 'reversible', 'destructive'] as const;
export type Risk = (typeof RISKS)[number];
