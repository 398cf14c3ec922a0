import { EXIT, GuichetError } from '@guichet/contract';
import { changeConfig, configPath, type Proof } from '../config/config-file.ts';
import { formatTime } from '../output/units.ts';
import { clientOf } from '../sign-in/open-client.ts';
import { exchangeProof } from '../sign-in/proved-tokens.ts';
import type { Way } from './login-way.ts';

/** Signs in with what another system says: the keys of AWS, or the token of a CI job or a workload. Nothing is asked. */
const byProof =
  (proof: Proof): Way =>
  async (shell, { gateway, wanted }) => {
    const {
      accessToken: token,
      expiresAt,
      principal,
      scope,
    } = await exchangeProof(clientOf(shell.context, gateway), { context: shell.context, proof });
    const profile = wanted ?? principal.id.replace(/^[a-z]+:/, '');
    const path = configPath(shell.context);
    await changeConfig(path, ({ current, profiles }) => {
      const before = profiles[profile];
      if (before?.keeper !== undefined)
        throw new GuichetError(
          'usage.invalid',
          `The profile '${profile}' holds the sign-in of ${before.principal ?? 'somebody'}.`,
          {
            remedy: `Choose another one: --profile NAME, or end it: guichet logout ${profile}`,
          },
        );
      return {
        current: wanted === undefined ? profile : (current ?? profile),
        profiles: { ...profiles, [profile]: { gateway, token, principal: principal.id, proof, expiresAt } },
      };
    });
    const covers = [...(scope.actions ?? []), ...(scope.environments ?? [])].join(', ');
    await shell.show({ profile, keptIn: 'file', place: path, principal, scope, expiresAt }, () =>
      [
        `${shell.paint.green('✓')} Signed in as ${principal.name} (${principal.id}) at ${gateway}; profile '${profile}'.`,
        shell.paint.dim(
          `  ${covers === '' ? '' : `For ${covers}. `}Until ${formatTime(new Date(expiresAt), shell.context.now())}; guichet then proves it anew by itself.`,
        ),
      ].join('\n'),
    );
    return EXIT.ok;
  };

export const byAws: Way = byProof('aws');
export const byWorkload: Way = byProof('workload');
