/** Keys of a proxy, and whom it serves. */
import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import type { NodePublicKey } from '@uftp/bus';
import {
	type Curve,
	curveByName,
	describeKey,
	formatFingerprint,
	generateEcKey,
	generateRsaKey,
	type PrivateKey,
	type PublicKey,
} from '@uftp/crypto';
import {
	type ListedSender,
	openNodeKeys,
	readReceiverList,
	readSenderList,
	stateDirectory,
} from '@uftp/endpoint/identity';
import { describeProblem } from '@uftp/endpoint/problems';
import type { AllowedReceiver, ProxySecurityConfig } from '@uftp/protocol';
import { type Cryptography, type Logger, openCryptography, publishedKeys } from '@uftp/service-kit';
import { isSourceSpecificMulticast } from '@uftp/wire';
import type { ProxyServiceConfig } from './config.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

export interface ProxySecurity {
	readonly config: ProxySecurityConfig;
	readonly published: readonly NodePublicKey[];
	/** Those that public groups are joined for; undefined: any. */
	readonly sources: readonly string[] | undefined;
	readonly receivers: readonly AllowedReceiver[] | undefined;
}

/** Loads or makes the key, reads the lists. Rejects with a sentence. */
export async function proxySecurity(config: ProxyServiceConfig, logger: Logger): Promise<ProxySecurity> {
	const cryptography = openCryptography(config.cryptoBackend);
	const { backend, random } = cryptography;
	const { keys, notes, warnings } = openNodeKeys({
		backend,
		random,
		configured: config.keyFile,
		keptIn: statePath(config, 'key'),
		// The wrapper had no proxies.
		legacy: '',
	});
	logger.info(`Encrypted sessions: ${cryptography.sentence}.`);
	for (const note of notes) logger.info(note);
	for (const warning of warnings) logger.warn(describeProblem(warning, SERVICE_VOCABULARY));
	const senders = config.sendersFile === undefined ? undefined : await readSenderList(config.sendersFile, resolveName);
	const receivers =
		config.receiversFile === undefined ? undefined : await readReceiverList(config.receiversFile, resolveName);
	const sourceSpecific = senders !== undefined && config.mode !== 'client' && areSourceSpecific(config.publicAddress);
	return {
		config: {
			backend,
			random,
			keys,
			keyFor: keyMaker(cryptography, logger),
			encryptedOnly: false,
			...(senders === undefined ? {} : { senders, sourceSpecific }),
			...(config.mode === 'response' ? { agreementCurve: agreementCurve(config.agreementCurve) } : {}),
		},
		published: publishedKeys(keys),
		sources: sourceSpecific ? senders.map(({ address }: ListedSender) => address) : undefined,
		receivers: config.mode === 'server' ? undefined : receivers,
	};
}

/** Where this proxy keeps something: what it is and its port tell several of one host apart. */
export function statePath({ stateDir, mode, port }: ProxyServiceConfig, what: string): string {
	return join(stateDirectory(stateDir), `proxy-${mode}-${port}.${what}`);
}

/** The address of a host name, or why there is none. */
export async function resolveName(name: string): Promise<{ address: string } | { problem: string }> {
	try {
		return { address: (await lookup(name)).address };
	} catch (error) {
		return { problem: `no host of this name was found (${(error as NodeJS.ErrnoException).code})` };
	}
}

function areSourceSpecific(groups: readonly string[]): boolean {
	const specific = groups.filter(isSourceSpecificMulticast);
	if (specific.length === 0 || specific.length === groups.length) return specific.length > 0;
	throw new Error(
		`With a list of senders the groups must be all source-specific (232.0.0.0/8, ff3x::) or none: ${specific.join(', ')} cannot go with the others. Change UFTP_PUBLIC_ADDRESS.`,
	);
}

function agreementCurve(name: string): Curve {
	const curve = curveByName(name);
	if (curve !== undefined) return curve;
	throw new Error(
		`UFTP_AGREEMENT_CURVE=${name} is no curve: name prime256v1, secp384r1, secp521r1 or another of UFTP 4.`,
	);
}

/** Keys in memory for senders with other kinds than the own one, one of each kind. */
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
