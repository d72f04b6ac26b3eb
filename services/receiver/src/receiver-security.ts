/** What a receiver needs for encrypted sessions: its own keys, and such as fit senders that have others. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { NodePublicKey } from '@uftp/bus';
import {
	describeKey,
	formatFingerprint,
	generateEcKey,
	generateRsaKey,
	type PrivateKey,
	type PublicKey,
} from '@uftp/crypto';
import { openNodeKeys, stateDirectory, wrapperLegacy } from '@uftp/endpoint/identity';
import { describeProblem } from '@uftp/endpoint/problems';
import type { ReceiverSecurityConfig } from '@uftp/protocol';
import { type Cryptography, type Logger, openCryptography, publishedKeys } from '@uftp/service-kit';
import type { AcceptedSenders } from './accepted-senders.ts';
import type { ReceiverConfig } from './config.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

export interface ReceiverSecurity {
	readonly config: ReceiverSecurityConfig;
	readonly published: NodePublicKey[];
}

/** Loads or makes the keys and says so. Throws a sentence if they cannot be used. */
export function receiverSecurity(
	config: ReceiverConfig,
	logger: Logger,
	accepted: AcceptedSenders | undefined,
): ReceiverSecurity {
	const cryptography = openCryptography(config.cryptoBackend);
	const { backend, random } = cryptography;
	const { keys, notes, warnings } = openNodeKeys({
		backend,
		random,
		configured: config.keyFile,
		keptIn: join(stateDirectory(config.stateDir), `receiver-${nameOf(config.destination)}.key`),
		legacy: wrapperLegacy().keyFile,
	});
	logger.info(`Encrypted sessions: ${cryptography.sentence}.`);
	for (const note of notes) logger.info(note);
	for (const warning of warnings) logger.warn(describeProblem(warning, SERVICE_VOCABULARY));
	return {
		config: {
			backend,
			random,
			keys,
			keyFor: keyMaker(cryptography, logger),
			encryptedOnly: config.encryptedOnly,
			...(accepted === undefined ? {} : { senders: accepted.senders, sourceSpecific: accepted.isSourceSpecific }),
		},
		published: publishedKeys(keys),
	};
}

/** The destination tells several receivers of one host apart, as for their UIDs. */
function nameOf(destination: string): string {
	return createHash('sha256').update(resolve(destination)).digest('hex').slice(0, 16);
}

/** Keys in memory for senders with other kinds than the own ones, one of each kind. */
function keyMaker({ backend, random }: Cryptography, logger: Logger): (senderKey: PublicKey) => PrivateKey {
	const made = new Map<string, PrivateKey>();
	return (senderKey) => {
		const kind = describeKey(senderKey);
		const known = made.get(kind);
		if (known !== undefined) return known;
		const key =
			senderKey.kind === 'rsa'
				? generateRsaKey(backend, 8 * senderKey.modulus.length)
				: generateEcKey(backend, senderKey.curve, random);
		made.set(kind, key);
		const print = formatFingerprint(key.publicKey.fingerprint);
		logger.info(`Key ${print} (${kind}): made for this run, because a sender has a key of this kind.`);
		return key;
	};
}
