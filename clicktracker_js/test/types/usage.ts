// Compiled, never run: what the types of the module build take, and what they refuse.
import { logdig } from '../../dist/clicktracker.mjs';

logdig('init', { token: 'pk_1', endpoint: '/collect', consent: 'ask', sampleRate: 0.5 });
logdig('init', 'pk_1', { endpoint: '/collect', beforeSend: (event) => (event.type == 'click' ? null : event) });
logdig('track', 'upgrade', { seats: 5, gift: false, note: null });
logdig('listen', 412, { zip: '01234', listened_ms: 30_000 });
logdig('identify', null);
logdig('consent', { ads: true });
logdig('decide', 'before-song', ({ decision, ad }) => decision == 'show' && ad);
logdig('experiment', 'colour', ['red', 'blue'], (variant: 'red' | 'blue') => variant);
logdig('staff', true);
logdig('debug');
// @ts-expect-error no such command
logdig('trak', 'upgrade');
// @ts-expect-error the endpoint is missing
logdig('init', { token: 'pk_1' });
// @ts-expect-error objects are no values
logdig('track', 'upgrade', { seats: {} });
