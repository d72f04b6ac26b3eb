/** A service for the tests of the life cycle: says "ready" and "stopping" on the bus, and needs a while to stop. */
import { z } from 'zod';
import { commonSettings, runService, seconds } from '../src/index.ts';

const schema = z.object({
	...commonSettings,
	stopTakesSeconds: seconds('Time that the stop takes', 0, 60).prefault('0'),
});

process.exitCode = await runService({
	role: 'registry',
	about: 'A service for tests.',
	schema,
	start: async (config, { bus, logger }) => {
		if (config.id === 'broken') throw new Error('The disk is full: make room.');
		bus.publish('tiny.state', 'ready');
		logger.info('Ready.');
		return {
			stop: async () => {
				bus.publish('tiny.state', 'stopping');
				await new Promise((resolve) => setTimeout(resolve, config.stopTakesSeconds * 1000));
				bus.publish('tiny.state', 'stopped');
			},
		};
	},
});
