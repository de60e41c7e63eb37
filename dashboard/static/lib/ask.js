// JSON of an address, asked once while the tables stay as they are.

import { refused } from './address.js';

const MOST = 200;
const answers = new Map();

/** What the server refused or could not do; `cannot` names filters that do not apply. */
export class AskError extends Error {
  constructor(status, detail, cannot = []) {
    super(detail);
    this.status = status;
    this.cannot = cannot;
  }
}

/** Asks an address; the same one is asked again only after `forget`. */
export function ask(address, { fresh = false } = {}) {
  const cannot = refused(address);
  if (cannot.length) return Promise.reject(new AskError(400, '', cannot));
  if (!fresh && answers.has(address)) return answers.get(address);
  const asked = read(address);
  if (answers.size >= MOST) answers.clear();
  answers.set(address, asked);
  asked.catch(() => answers.delete(address));
  return asked;
}

/** Forgets every answer, since the tables have changed. */
export const forget = () => answers.clear();

async function read(address) {
  let response;
  try {
    response = await fetch(address, { headers: { accept: 'application/json' } });
  } catch {
    throw new AskError(0, '');
  }
  const type = response.headers.get('content-type') ?? '';
  const body = type.includes('json') ? await response.json() : {};
  if (!response.ok) throw new AskError(response.status, body.detail ?? response.statusText, body.cannot);
  return body;
}
