export { invalidFile, notYaml } from './invalid-file.ts';
export { suggestion } from './suggestion.ts';
export { unstorable } from './unstorable.ts';
export { whyUnreadable } from './why-unreadable.ts';
export { anyOf, boundMessage, formatMessage, got, nounOf, told } from './wording.ts';
export { type Place, placeOf } from './yaml-places.ts';
export { type Checked, check, MOST_FINDINGS, pointer } from './zod-findings.ts';
