export { type Field, type FieldKind, fieldsOf, kebab, RESERVED_FLAGS } from './field.ts';
export { flagText } from './flag-text.ts';
export { quote } from './quote.ts';
