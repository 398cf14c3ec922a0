import { session } from '../api/session.ts';
import { forgetRecent } from './palette-recent.ts';

/**
 * Signs this browser out, by the form of the gateway's own pages; it leads to the page that says what is left to do. Nothing of
 * what was shown stays for the next person at this machine: not in other tabs, nor behind the button that leads back.
 */
export function signOut(csrf: string): void {
  const person = session.leave();
  if (person !== undefined) forgetRecent(person);
  const form = document.createElement('form');
  form.method = 'post';
  form.action = '/v1/auth/sign-out';
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'csrf';
  field.value = csrf;
  form.append(field);
  document.body.append(form);
  form.submit();
}
