/** Relaying: sessions to other networks, and answers of many receivers gathered for their sender. */
export { openProxy, type ProxyHooks } from './open-proxy.ts';
export type { ProxySettings } from './proxy-settings.ts';
export { type ProxyEnd, type RelayedSession, RunningProxy, type RunningProxyEvent } from './running-proxy.ts';
