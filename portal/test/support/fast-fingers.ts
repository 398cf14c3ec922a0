import type { Locator } from '@playwright/test';

/** Types a text over what is in a field, and Enter, within one task: nothing is drawn in between but what cannot wait. */
export async function typeAndEnterAtOnce(field: Locator, text: string): Promise<void> {
  await field.evaluate(async (input: HTMLInputElement, value) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, value); // past what React put over it
    input.dispatchEvent(new Event('input', { bubbles: true }));
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  }, text);
}
