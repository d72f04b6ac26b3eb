import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { TotalReporter } from './tooling/total-reporter.ts';

const seed = process.env.UFTP_TEST_SEED ?? String(Math.floor(Math.random() * 0x7fffffff));

// What services keep about themselves (keys, UIDs) must not get into the folders of whoever runs the tests.
const stateHome = mkdtempSync(join(tmpdir(), 'uftp-test-state-'));
process.on('exit', () => rmSync(stateHome, { recursive: true, force: true }));

const shared = {
	// Bun runs the tests: worker threads are the pool that works there.
	pool: 'threads' as const,
	setupFiles: ['./tooling/property-seed.ts'],
	env: { UFTP_TEST_SEED: seed, XDG_STATE_HOME: stateHome },
};

export default defineConfig({
	test: {
		reporters: ['default', new TotalReporter(seed)],
		// Bodies of an afterEach that wait for a process to end need a while on a busy machine.
		teardownTimeout: 20_000,
		projects: [
			{
				test: {
					...shared,
					name: 'packages',
					include: [
						'packages/{wire,crypto,protocol,sim,native,storage,bus,service-kit}/test/**/*.test.ts',
						'tooling/test/**/*.test.ts',
					],
					testTimeout: 30_000,
					hookTimeout: 30_000,
					sequence: { groupOrder: 0 },
				},
			},
			{
				// What opens sockets, keeps a pace or starts programs runs afterwards and one file at a time: a busy
				// neighbour would change what these tests measure.
				test: {
					...shared,
					name: 'machine',
					include: ['{packages/{transport,endpoint},services/*,apps/*,interop,bench}/test/**/*.test.ts'],
					testTimeout: 60_000,
					hookTimeout: 60_000,
					fileParallelism: false,
					sequence: { groupOrder: 1 },
				},
			},
		],
	},
});
