/** Settings of the registry. */
import { commonSettings, integer } from '@uftp/service-kit';
import { z } from 'zod';

export const registryConfig = z.strictObject({
	...commonSettings,
	maxNodes: integer('Nodes that are remembered, those that fell silent included', 1, 1_000_000).prefault('10000'),
});

export type RegistryConfig = z.output<typeof registryConfig>;
