/** The name under which commander keeps a flag's value. */
export function attribute(flag: string): string {
  return flag.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
