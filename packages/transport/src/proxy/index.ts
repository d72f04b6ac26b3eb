/** Proxies, by an entry point of their own: senders and receivers start sooner without them. */
export { LossWatch } from './loss-watch.ts';
export { ProxyDriver, type ProxyDriverOptions } from './proxy-driver.ts';
export { openProxySockets, type ProxySocketsOptions } from './proxy-sockets.ts';
