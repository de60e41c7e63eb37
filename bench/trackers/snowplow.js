import { enableActivityTracking, newTracker, trackPageView } from '@snowplow/browser-tracker';

newTracker('shop', 'https://collect.example', { appId: 'shop' });
enableActivityTracking({ minimumVisitLength: 5, heartbeatDelay: 10 });
trackPageView();
