import type { Messages } from '../en/index.ts';
import { access } from './access.ts';
import { actions } from './actions.ts';
import { audit } from './audit.ts';
import { auditEvents } from './audit-events.ts';
import { company } from './company.ts';
import { environments } from './environments.ts';
import { forms } from './forms.ts';
import { home } from './home.ts';
import { keys } from './keys.ts';
import { outputs } from './outputs.ts';
import { palette } from './palette.ts';
import { policy } from './policy.ts';
import { postgres } from './postgres.ts';
import { providers } from './providers.ts';
import { request } from './request.ts';
import { requestEvents } from './request-events.ts';
import { requests } from './requests.ts';
import { schedules } from './schedules.ts';
import { shell } from './shell.ts';
import { ui } from './ui.ts';

export const fr: Messages = {
  access,
  actions,
  auditEvents,
  audit,
  company,
  environments,
  forms,
  home,
  keys,
  outputs,
  palette,
  policy,
  postgres,
  providers,
  requestEvents,
  request,
  requests,
  schedules,
  shell,
  ui,
};
