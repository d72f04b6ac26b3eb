/** The sender as a process of its own. */
import { runService } from '@uftp/service-kit';
import { senderConfig } from './config.ts';
import { SenderService } from './service.ts';

process.exit(
	await runService({
		role: 'sender',
		about: 'Takes jobs from the bus and sends their files to the receivers of a multicast group.',
		schema: senderConfig,
		start: (config, context) => SenderService.start(config, context),
	}),
);
