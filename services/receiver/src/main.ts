/** A receiver as a process of its own. */
import { runService } from '@uftp/service-kit';
import { receiverConfig } from './config.ts';
import { ReceiverService } from './service.ts';

process.exit(
	await runService({
		role: 'receiver',
		about: 'Receives files that are sent to its multicast groups and stores them under a folder.',
		schema: receiverConfig,
		start: (config, context) => ReceiverService.start(config, context),
	}),
);
