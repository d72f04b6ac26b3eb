/** The registry: who is there. */
export { type RegistryConfig, registryConfig } from './config.ts';
export { type RegistryClock, RegistryService } from './service.ts';
