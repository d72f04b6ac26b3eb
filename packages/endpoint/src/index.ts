/** UFTP as a library: sends, receives and relays over real sockets and files. */
export * from './identity/index.ts';
export * from './network/index.ts';
export * from './problems/index.ts';
export { openProxy, type ProxyHooks } from './proxy/open-proxy.ts';
export type { ProxySettings } from './proxy/proxy-settings.ts';
export { type ProxyEnd, type RelayedSession, RunningProxy, type RunningProxyEvent } from './proxy/running-proxy.ts';
export * from './receiving/index.ts';
export * from './running/index.ts';
export * from './sending/index.ts';
