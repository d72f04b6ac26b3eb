/** The keys of a sender, and whether and how a job is encrypted. */
import { join } from 'node:path';
import type { NodePublicKey } from '@uftp/bus';
import {
	CipherType,
	chooseSuite,
	formatFingerprint,
	HashType,
	importKeyBlob,
	isCompatible,
	KeyExchange,
	type PrivateKey,
	parseFingerprint,
	type Suite,
	signatureTypeFor,
} from '@uftp/crypto';
import {
	type Cryptography,
	KnownKeys,
	openCryptography,
	openNodeKeys,
	stateDirectory,
	wrapperLegacy,
} from '@uftp/endpoint/identity';
import { describeProblem } from '@uftp/endpoint/problems';
import type { SenderSecurityConfig } from '@uftp/protocol';
import { type Logger, publishedKeys } from '@uftp/service-kit';
import { formatUid } from '@uftp/wire';
import type { SenderServiceConfig } from './config.ts';
import { chooseEncryption, type EncryptionChoice, type EncryptionQuestion, inTheClear } from './encryption-choice.ts';
import type { Refusal } from './jobs/job-files.ts';
import type { JobProxy } from './jobs/job-proxies.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

/** The fingerprint of no key: who is tied to it cannot register. */
const NO_KEY = new Uint8Array(20);

export interface SenderKeys {
	readonly cryptography: Cryptography;
	readonly key: PrivateKey;
	readonly published: NodePublicKey[];
	/** Where the keys of receivers are remembered. */
	readonly stateFolder: string;
}

/** Loads or makes the sender's key and says so. Rejects with an `EndpointError` if it cannot be used. */
export async function senderKeys(config: SenderServiceConfig, uid: string, logger: Logger): Promise<SenderKeys> {
	const cryptography = await openCryptography(config.cryptoBackend);
	const stateFolder = stateDirectory(config.stateDir);
	const { keys, notes, warnings } = openNodeKeys({
		backend: cryptography.backend,
		random: cryptography.random,
		configured: config.keyFile,
		keptIn: join(stateFolder, `sender-${uid}.key`),
		legacy: wrapperLegacy().keyFile,
	});
	logger.info(`Encrypted sessions: ${cryptography.sentence}.`);
	for (const note of notes) logger.info(note);
	for (const warning of warnings) logger.warn(describeProblem(warning, SERVICE_VOCABULARY));
	return { cryptography, key: keys[0] as PrivateKey, published: publishedKeys(keys), stateFolder };
}

export interface SecurityRequest extends EncryptionQuestion {
	/** Proxies through which receivers may answer: receivers behind them show their keys to these only. */
	readonly proxies: readonly JobProxy[];
}

export type SecurityDecision =
	| {
			readonly kind: 'encrypted';
			readonly config: SenderSecurityConfig;
			/** Receivers whose keys keep them out as far as is known, and why. */
			readonly keptOut: ReadonlyMap<number, string>;
	  }
	| Exclude<EncryptionChoice, { readonly kind: 'encrypted' }>;

/**
 * Encrypts when every receiver that is expected can, authenticates the receivers, and ties each to the key that it had
 * at its first use: the one that was pinned, else the one that the registry shows.
 */
export function sessionSecurity(keys: SenderKeys, request: SecurityRequest): SecurityDecision {
	const known = KnownKeys.read(keys.stateFolder);
	const choice = chooseEncryption(request, known);
	if (choice.kind !== 'encrypted') return choice;
	const { suite, why: lacking } = suiteFor(keys);
	if (suite === undefined) {
		const fallback = choice.mustEncrypt ? undefined : inTheClear(lacking, request, known);
		if (fallback !== undefined && fallback.kind !== 'encrypted') return fallback;
		return { kind: 'refused', refusal: { code: 'cannot-encrypt', message: `${lacking}.` } };
	}
	const { backend, random } = keys.cryptography;
	const pins = pinsFor(keys, request, known);
	if ('code' in pins) return { kind: 'refused', refusal: pins };
	const { fingerprints, keptOut } = pins;
	return {
		kind: 'encrypted',
		config: { backend, random, suite, key: keys.key, clientAuth: true, fingerprints },
		keptOut,
	};
}

function suiteFor({
	cryptography,
	key,
}: SenderKeys): { suite: Suite; why?: undefined } | { suite?: undefined; why: string } {
	const keyType = CipherType.AES256_GCM;
	return chooseSuite(
		{
			keyType,
			hashType: HashType.SHA256,
			keyExchange: key.kind === 'ec' ? KeyExchange.ECDH_ECDSA : KeyExchange.ECDH_RSA,
			signatureType: signatureTypeFor(keyType, false),
		},
		cryptography.backend,
	);
}

interface Pins {
	readonly fingerprints: ReadonlyMap<number, Uint8Array>;
	readonly keptOut: ReadonlyMap<number, string>;
}

function pinsFor(keys: SenderKeys, request: SecurityRequest, known: KnownKeys): Pins | Refusal {
	const { targets, expected, proxies } = request;
	const fingerprints = new Map<number, Uint8Array>();
	const keptOut = new Map<number, string>();
	if (targets.length === 0) {
		// Whoever comes: those that are known must be themselves, those that were revoked stay out.
		for (const [id] of known.revoked) fingerprints.set(id, NO_KEY);
		for (const [id, print] of known.all) fingerprints.set(id, parseFingerprint(print) as Uint8Array);
	}
	for (const id of targets.length > 0 ? targets : expected.keys()) {
		const shown = shownFingerprint(keys, expected.get(id)?.keys);
		const pinned = known.of(id);
		if (pinned !== undefined) {
			fingerprints.set(id, parseFingerprint(pinned) as Uint8Array);
			if (shown !== undefined && shown !== pinned) keptOut.set(id, changed(id, pinned, shown));
			continue;
		}
		if (shown === undefined) continue;
		if (!known.isRevoked(shown)) fingerprints.set(id, parseFingerprint(shown) as Uint8Array);
		else if (targets.length === 0) {
			fingerprints.set(id, NO_KEY);
			keptOut.set(id, revoked(id, shown));
		} else return { code: 'key-revoked', message: revoked(id, shown) };
	}
	for (const proxy of proxies) {
		const print = proxyFingerprint(keys, proxy, known);
		if (print === undefined) continue;
		const text = formatFingerprint(print);
		if (known.isRevoked(text)) return { code: 'key-revoked', message: revoked(proxy.proxyId, text) };
		fingerprints.set(proxy.proxyId, print);
	}
	return { fingerprints, keptOut };
}

/** The key that a proxy must have: named, pinned, or shown; undefined: whichever it has. */
function proxyFingerprint(keys: SenderKeys, proxy: JobProxy, known: KnownKeys): Uint8Array | undefined {
	const { proxyId, fingerprint, shownKeys } = proxy;
	return fingerprint ?? parseFingerprint(known.of(proxyId) ?? shownFingerprint(keys, shownKeys) ?? '');
}

/** The same for a proxy that nobody has named and that came late; `isRefused`: that key is revoked. */
export function lateProxyKey(
	keys: SenderKeys,
	proxy: JobProxy,
): { readonly fingerprint: Uint8Array | undefined; readonly isRefused: boolean } {
	const known = KnownKeys.read(keys.stateFolder);
	const fingerprint = proxyFingerprint(keys, proxy, known);
	return { fingerprint, isRefused: fingerprint !== undefined && known.isRevoked(formatFingerprint(fingerprint)) };
}

/** The fingerprint of the key, of those shown, with which a node will answer; undefined if it has to make one. */
function shownFingerprint({ cryptography, key }: SenderKeys, shown: readonly NodePublicKey[] = []): string | undefined {
	for (const { publicKey, fingerprint } of shown) {
		const blob = Uint8Array.fromBase64(publicKey);
		const imported = importKeyBlob(cryptography.backend, blob, 0, blob.length);
		if (imported === undefined || !isCompatible(imported, key.publicKey)) continue;
		// The key counts, not what stands beside it.
		const print = formatFingerprint(imported.fingerprint);
		return print === fingerprint ? print : undefined;
	}
	return undefined;
}

function changed(id: number, pinned: string, shown: string): string {
	const uid = formatUid(id);
	return (
		`The key of ${uid} has changed: it had ${pinned} and now shows ${shown}. It will be refused. ` +
		`If that is right ("its state directory was lost"), "uftpctl keys trust ${uid}" takes the new one.`
	);
}

function revoked(id: number, print: string): string {
	return `The key ${print} of ${formatUid(id)} is revoked; "uftpctl keys trust ${formatUid(id)}" takes that back.`;
}
