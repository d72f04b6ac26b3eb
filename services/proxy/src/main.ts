/** A proxy as a process of its own. */
import { runService } from '@uftp/service-kit';
import { proxyConfig } from './config.ts';
import { ProxyService } from './service.ts';

process.exit(
	await runService({
		role: 'proxy',
		about: 'Carries sessions to other networks, or gathers the answers of many receivers for their sender.',
		schema: proxyConfig,
		start: (config, context) => ProxyService.start(config, context),
	}),
);
