/** Pages that a browser opens by itself; none of them is of use to a program. */
export const AUTH_PAGES = [
  { method: 'GET', path: '/v1/auth/login' },
  { method: 'GET', path: '/v1/auth/callback' },
  { method: 'GET', path: '/v1/auth/authorize' },
  { method: 'POST', path: '/v1/auth/authorize' },
  { method: 'POST', path: '/v1/auth/sign-out' },
  { method: 'GET', path: '/v1/auth/signed-out' },
  { method: 'GET', path: '/v1/auth/style.css' },
  { method: 'GET', path: '/device' },
  { method: 'POST', path: '/device' },
] as const;
