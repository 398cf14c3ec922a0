import { InspectFooter, PublicProtocol } from 'paseto';
import { ImportPublicKeyFactory, VerifyFactory } from 'paseto/v4/public';

const v4 = new PublicProtocol(VerifyFactory, ImportPublicKeyFactory);

/** The id of the key that a token says it is signed with; undefined when it is no such token. */
export function kidOf(token: string): string | undefined {
  try {
    const footer: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(InspectFooter(token)));
    const kid = typeof footer === 'object' && footer !== null && 'kid' in footer ? footer.kid : undefined;
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** What the token says, when it is signed with the key; undefined otherwise. Times in it are what it says, and no more. */
export async function claimsOf(token: string, paserk: string): Promise<unknown> {
  try {
    // Whatever it is, the library looks at its form.
    const key = await v4.ImportPublicKey(paserk as `k4.public.${string}`);
    return (await v4.Verify(key, token, { allowNonExpiring: true })).claims;
  } catch {
    return undefined;
  }
}
