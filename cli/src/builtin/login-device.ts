import { EXIT } from '@guichet/contract';
import { signInByDevice } from '../sign-in/by-device.ts';
import { clientOf } from '../sign-in/open-client.ts';
import { settleAndTell, type Way } from './login-way.ts';

export const byDevice: Way = async (shell, { gateway, wanted }) => {
  const tokens = await signInByDevice(shell, clientOf(shell.context, gateway));
  await settleAndTell(shell, { gateway, wanted, tokens });
  return EXIT.ok;
};
