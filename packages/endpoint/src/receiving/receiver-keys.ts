/** What a receiver needs for encrypted sessions: its keys, and such as fit senders that have others. */
import { join } from 'node:path';
import type { PrivateKey } from '@uftp/crypto';
import type { Problem, ReceiverSecurityConfig } from '@uftp/protocol';
import { type Cryptography, keyMaker, openCryptography, openNodeKeys, stateDirectory } from '../identity/index.ts';
import type { ProblemCode } from '../problems/index.ts';
import type { ReceiverSecuritySettings, ReceiverSettings } from './settings.ts';

export interface ReceiverKeys {
	readonly config: ReceiverSecurityConfig;
	readonly keys: readonly PrivateKey[];
	/** What to log: which library, which keys, from where. */
	readonly notes: readonly string[];
	readonly warnings: readonly Problem<ProblemCode>[];
}

/**
 * Opens the library and finds or makes the keys; `nodeName` tells several receivers of one host apart. Rejects with an
 * `EndpointError` if they cannot be used.
 */
export async function receiverKeys(
	settings: ReceiverSettings,
	nodeName: string,
	sourceSpecific: boolean,
): Promise<ReceiverKeys | undefined> {
	const { security = {}, senders } = settings;
	if (security === 'none') return undefined;
	const { cryptography: wanted, keyFor, onKeyMade, encryptedOnly = false } = security;
	const cryptography = typeof wanted === 'object' ? wanted : await openCryptography(wanted);
	const { keys, notes, warnings } = keysOf(security, cryptography, settings, nodeName);
	const { backend, random } = cryptography;
	return {
		config: {
			backend,
			random,
			keys,
			...(keyFor === 'none' ? {} : { keyFor: keyFor ?? keyMaker(cryptography, onKeyMade) }),
			encryptedOnly,
			...(senders === undefined ? {} : { senders, sourceSpecific }),
		},
		keys,
		notes: [`Encrypted sessions: ${cryptography.sentence}.`, ...notes],
		warnings,
	};
}

function keysOf(
	{ keys, keyFile }: ReceiverSecuritySettings,
	{ backend, random }: Cryptography,
	{ stateDirectory: folder, legacy }: ReceiverSettings,
	nodeName: string,
): Pick<ReceiverKeys, 'keys' | 'notes' | 'warnings'> {
	if (keys !== undefined) return { keys, notes: [], warnings: [] };
	const keptIn = join(stateDirectory(folder), `receiver-${nodeName}.key`);
	return openNodeKeys({ backend, random, configured: keyFile, keptIn, legacy: legacy?.keyFile });
}
