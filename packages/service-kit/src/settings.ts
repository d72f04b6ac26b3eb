/**
 * Kinds of settings as they stand in the environment and behind flags: text in, checked value out. A setting's
 * description is its line in `--help` and in the README of its service.
 */
import { z } from 'zod';

/** Any text that is not empty. */
export function text(description: string) {
	return z.string().min(1, 'must not be empty').describe(description);
}

/** A whole number from `min` to `max`. */
export function integer(description: string, min: number, max: number) {
	return z
		.string()
		.regex(/^-?[0-9]{1,15}$/, 'must be a whole number')
		.transform(Number)
		.pipe(z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
		.describe(description);
}

/** Seconds, also with a fraction. */
export function seconds(description: string, min: number, max: number) {
	return z
		.string()
		.regex(/^[0-9]{1,9}(\.[0-9]{1,3})?$/, 'must be a number of seconds')
		.transform(Number)
		.pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
		.describe(description);
}

/** One of several words. */
export function choice<const Words extends readonly [string, ...string[]]>(description: string, words: Words) {
	return z.enum(words, `must be one of ${words.join(', ')}`).describe(description);
}

/** `true` or `false`. */
export function flag(description: string) {
	return z
		.enum(['true', 'false'], 'must be true or false')
		.transform((word) => word === 'true')
		.describe(description);
}

/** Words with commas between them; none for the empty text. */
export function list(description: string) {
	return z
		.string()
		.transform((value) =>
			value
				.split(',')
				.map((word) => word.trim())
				.filter((word) => word !== ''),
		)
		.describe(description);
}

/** Settings of services that take part in encrypted sessions. */
export const keySettings = {
	keyFile: text(
		'File with the private key (PEM); by default one is made at the first start and kept in the state directory',
	).optional(),
	stateDir: text(
		'Folder that keeps keys and UIDs which were made up; by default `uftp` in the folder for state of the user',
	).optional(),
	cryptoBackend: choice('Which library encrypts: the fastest that works here, or forced', [
		'auto',
		'libcrypto',
		'node',
		'noble',
	]).prefault('auto'),
} as const;

/** Settings that every service has. */
export const commonSettings = {
	natsUrl: text('Address of the bus: `nats://host:4222`, several with commas between them').optional(),
	natsUser: text('User at the bus; in the address some characters need another form').optional(),
	natsPassword: text('Password of that user').optional(),
	natsToken: text('Token for the bus, in place of a user').optional(),
	id: z
		.string()
		.regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
		.describe('Name of this node on the bus; derived from its UID or its host if it is absent')
		.optional(),
	subjectPrefix: text('Prefix of all subjects on the bus').prefault('uftp'),
	heartbeatSeconds: seconds('Time between heartbeats', 0.1, 3600).prefault('5'),
	stopSeconds: seconds('Time for work under way to finish after SIGTERM', 0, 3600).prefault('10'),
	logLevel: choice('Least severe log lines that are written', ['debug', 'info', 'warn', 'error']).prefault('info'),
} as const;
