import { EXIT } from '@guichet/contract';
import { signInByBrowser } from '../sign-in/by-browser.ts';
import { clientOf } from '../sign-in/open-client.ts';
import { settleAndTell, type Way } from './login-way.ts';

export const byBrowser: Way = async (shell, { gateway, wanted }) => {
  const { tokens, finish } = await signInByBrowser(shell, clientOf(shell.context, gateway));
  try {
    const { me } = await settleAndTell(shell, { gateway, wanted, tokens });
    await finish({ title: 'Signed in', text: `You are ${me.principal.name}. Close this page and go on in your terminal.` });
  } catch (error) {
    await finish({ title: 'Not signed in', text: 'Your terminal says why. You can close this page.' });
    throw error;
  }
  return EXIT.ok;
};
