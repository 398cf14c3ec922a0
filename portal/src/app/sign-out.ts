/** Signs this browser out, by the form of the gateway's own pages; it leads to the page that says what is left to do. */
export function signOut(csrf: string): void {
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
