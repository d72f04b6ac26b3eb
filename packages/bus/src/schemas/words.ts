/** Pieces that several schemas share, with their bounds. */
import { z } from 'zod';

/** A UID as UFTP has it: 32 bits, neither 0 nor 0xFFFFFFFF. Taken in any case, kept as "0x0A630002". */
export const uid = z
	.string()
	.regex(/^0x[0-9A-Fa-f]{1,8}$/, 'a UID is written as "0x0A630002"')
	.transform((text) => `0x${text.slice(2).toUpperCase().padStart(8, '0')}`)
	.refine((text) => text !== '0x00000000' && text !== '0xFFFFFFFF', '0 and 0xFFFFFFFF are not UIDs of anybody');

/** Id of a job: UUID, ULID or a word of the caller's own. */
export const jobId = z
	.string()
	.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'an id is 1 to 64 of A-Z, a-z, 0-9, "_" and "-"');

/** Id of a node: a token of its heartbeat's subject. */
export const nodeId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'an id is 1 to 64 of A-Z, a-z, 0-9, "_" and "-"');

/** Group id of a session: 8 hex digits. */
export const sessionId = z.string().regex(/^[0-9A-F]{8}$/, 'a session is 8 hex digits in capitals');

/** SHA-1 of a public key as UFTP sends it. */
export const fingerprint = z
	.string()
	.regex(
		/^[0-9A-F]{2}(:[0-9A-F]{2}){19}$/,
		'a fingerprint is 20 pairs of hex digits in capitals with ":" between them',
	);

/** RFC 3339 in UTC. */
export const time = z.iso.datetime({ offset: true });

/** A count or a number of bytes: exact in JSON up to 2^53 - 1. */
export const count = z.int().min(0);

/** A short text for people. */
export const sentence = z.string().max(1000);

/** Stable words for programs, as "no-such-root". */
export const errorCode = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'a code is lower-case words joined by "-"');

export const problem = z.strictObject({ code: errorCode, message: sentence });
export type Problem = z.output<typeof problem>;

/**
 * How a session was or is to be encrypted. `unsent`: there was none. `why` says why it goes in the clear, or why nothing
 * was sent.
 */
export const sessionEncryption = z.discriminatedUnion('mode', [
	z.strictObject({
		mode: z.literal('encrypted'),
		/** "aes256-gcm", "ecdh_ecdsa", "sha256". */
		cipher: z.string().max(32),
		keyExchange: z.string().max(32),
		hash: z.string().max(32),
	}),
	z.strictObject({ mode: z.enum(['clear', 'unsent']), why: sentence }),
]);
export type SessionEncryption = z.output<typeof sessionEncryption>;

/** Free labels, kept with whatever carries them. */
export const labels = z
	.record(
		z
			.string()
			.regex(
				/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/,
				'a label is named with 1 to 63 of A-Z, a-z, 0-9, ".", "_", "/", "-"',
			),
		z.string().max(256),
	)
	.refine((record) => Object.keys(record).length <= 32, 'at most 32 labels');

const utf8 = new TextEncoder();

/** What is wrong with a relative path, or undefined. '.' alone is allowed: it stands for the folder itself. */
function pathProblem(path: string): string | undefined {
	if (path === '.') return undefined;
	if (path === '') return 'a path may not be empty ("." stands for the whole root)';
	if (path.includes('\0')) return 'a path may not contain a NUL';
	if (path.startsWith('/')) return 'a path is relative to its root: it may not begin with "/"';
	for (const segment of path.split('/')) {
		if (segment === '..') return 'a path may not contain ".."';
		if (segment === '.' || segment === '') return 'a path may not contain "." or an empty name between slashes';
	}
	return undefined;
}

/** A path below a root, "/" between names. */
export function relativePath(maxBytes: number): z.ZodString {
	return z.string().check((ctx) => {
		const found =
			utf8.encode(ctx.value).length > maxBytes
				? `a path may not be longer than ${maxBytes} bytes`
				: pathProblem(ctx.value);
		if (found !== undefined) ctx.issues.push({ code: 'custom', message: found, input: ctx.value });
	});
}
