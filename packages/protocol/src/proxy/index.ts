/** The proxies: a separate entry point, as senders and receivers start without them. */
export { GatheringProxy } from './gathering/gathering-proxy.ts';
export { ServerProxy } from './server/server-proxy.ts';
