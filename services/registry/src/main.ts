/** The registry as a process of its own. */
import { runService } from '@uftp/service-kit';
import { registryConfig } from './config.ts';
import { RegistryService } from './service.ts';

process.exit(
	await runService({
		role: 'registry',
		about: 'Keeps who is there from the heartbeats of senders and receivers, and answers who that is.',
		schema: registryConfig,
		start: async (config, context) => new RegistryService(config, context),
	}),
);
