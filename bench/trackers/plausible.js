import { init } from '@plausible-analytics/tracker';

init({ domain: 'shop.example', endpoint: 'https://collect.example/api/event', outboundLinks: true });
