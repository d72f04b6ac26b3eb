/**
 * The keys of a service. One that is told none gets its own at its first start, on the curve that sessions between our
 * programs use, and keeps it; an RSA key that the `uftpe` wrapper left is used beside it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
	type Backend,
	type Curve,
	curveByName,
	describeKey,
	formatFingerprint,
	generateEcKey,
	type PrivateKey,
	type RandomBytes,
} from '@uftp/crypto';
import { type Problem, problem } from '@uftp/protocol';
import { EndpointError, type ProblemCode } from '../problems/index.ts';
import { loadKeyFile, storeNewKeyFile } from './key-file.ts';

/** Of keys that are made for a node: what sessions between our programs use. */
export const OWN_CURVE = curveByName('prime256v1') as Curve;
const PRIVATE_FOLDER = 0o700;

/** Where a node's keys may come from. */
export interface NodeKeyQuestion {
	readonly backend: Backend;
	readonly random: RandomBytes;
	/** A key file that a setting names; it must be there. */
	readonly configured: string | undefined;
	/** Where a key that was made is kept. */
	readonly keptIn: string;
	/** A key file that is taken over if it is there. */
	readonly legacy?: string | undefined;
}

/** A node's keys, and what to log about them. */
export interface NodeKeys {
	/** Own keys, the preferred one first. At least one is on prime256v1, unless a setting names another. */
	readonly keys: readonly PrivateKey[];
	/** What to log: which key, from where, its fingerprint. */
	readonly notes: readonly string[];
	readonly warnings: readonly Problem<ProblemCode>[];
}

/** Finds or makes the keys. Throws an `EndpointError` if one that is there, or should be, cannot be used. */
export function openNodeKeys(question: NodeKeyQuestion): NodeKeys {
	const { backend, configured, legacy } = question;
	const notes: string[] = [];
	const warnings: Problem<ProblemCode>[] = [];
	const take = (path: string, how: string): PrivateKey => {
		const { key, warning } = loadKeyFile(backend, path);
		if (warning !== undefined) warnings.push(warning);
		notes.push(`Key ${formatFingerprint(key.publicKey.fingerprint)} (${describeKey(key.publicKey)}): ${how} ${path}.`);
		return key;
	};
	if (configured !== undefined) return { keys: [take(configured, 'configured,')], notes, warnings };
	const taken = legacy !== undefined && existsSync(legacy) ? take(legacy, 'taken over from') : undefined;
	if (taken?.kind === 'ec' && taken.publicKey.curve === OWN_CURVE) return { keys: [taken], notes, warnings };
	const own = existsSync(question.keptIn)
		? take(question.keptIn, 'made earlier and kept in')
		: makeKept(question, notes, warnings);
	return { keys: taken === undefined ? [own] : [own, taken], notes, warnings };
}

function makeKept(
	{ backend, random, keptIn }: NodeKeyQuestion,
	notes: string[],
	warnings: Problem<ProblemCode>[],
): PrivateKey {
	const key = generateEcKey(backend, OWN_CURVE, random);
	const name = `Key ${formatFingerprint(key.publicKey.fingerprint)} (${describeKey(key.publicKey)})`;
	try {
		mkdirSync(dirname(keptIn), { recursive: true, mode: PRIVATE_FOLDER });
		storeNewKeyFile(keptIn, key);
		notes.push(`${name}: made now and kept in ${keptIn}.`);
		return key;
	} catch (error) {
		// Another start of the same node was faster.
		if (error instanceof EndpointError && error.code === 'key-file-exists') return loadKeyFile(backend, keptIn).key;
		warnings.push(problem('node-key-not-kept', { key: name, path: keptIn }));
		return key;
	}
}
