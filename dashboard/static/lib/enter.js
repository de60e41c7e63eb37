// A link of `logdig share`: its token stands behind # and so reaches no server's log; it is posted once for a cookie.

import { AskError } from './ask.js';

/** Posts the token of the address line, if there is one, and takes it out of there and of the history. */
export async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get('share');
  if (token === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  const response = await fetch('/access', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (response.ok) return;
  const body = await response.json().catch(() => ({}));
  throw new AskError(response.status, body.detail ?? response.statusText);
}
