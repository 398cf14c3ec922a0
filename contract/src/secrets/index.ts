export { SECRET_MARKER } from './marker.ts';
export { type ScrubbedStream, Scrubber } from './scrubber.ts';
export { type Parted, putBack, SecretFields, type SecretValue } from './secret-fields.ts';
