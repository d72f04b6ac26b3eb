/** A proxy. */
export { type ProxyServiceConfig, proxyConfig } from './config.ts';
export { ProxyService } from './service.ts';
