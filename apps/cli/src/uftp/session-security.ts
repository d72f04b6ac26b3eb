/** What encrypts a session of `uftp`: its library, its key, and what the log says about them. */
import { chooseSuite, KeyExchange, type PrivateKey, signatureTypeFor } from '@uftp/crypto';
import { needsClientKeys, type SenderSecurityConfig, senderSecurityProblem } from '@uftp/protocol';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { openCryptography } from '../drop-in/cryptography.ts';
import { curveText, keyOfWish, loadedLine } from '../drop-in/keys.ts';
import { weaknessLine } from '../drop-in/weakness.ts';
import { type EncryptionOptions, keyWish } from './encryption-options.ts';

export interface SessionSecurity {
	readonly config: SenderSecurityConfig;
	/** C's lines about the keys, and which library does the work. */
	readonly lines: readonly string[];
	/** What is weak, and what of the lists takes effect only now: one line each. */
	readonly warnings: readonly string[];
}

/**
 * Settles -Y and its companions; undefined in the clear. `fingerprints` are those of -H and -j. Throws a `CommandError`:
 * 1 for what cannot go together, 3 for keys.
 */
export async function sessionSecurity(
	options: EncryptionOptions,
	fingerprints: ReadonlyMap<number, Uint8Array>,
	blockBytes: number,
): Promise<SessionSecurity | undefined> {
	const { cipher: keyType, hash: hashType, keyExchange, agreementCurve, clientAuth } = options;
	if (keyType === undefined) return undefined;
	const wish = keyWish(options);
	const cryptography = await openCryptography();
	const { backend, random } = cryptography;
	const signatureType = signatureTypeFor(keyType, options.wantsKeyExchangeSignatures);
	const { suite, why } = chooseSuite({ keyType, hashType, keyExchange, signatureType }, backend);
	if (suite === undefined) throw new CommandError(ExitCode.Parameters, `uftp: ${why}.`);
	const warnings: string[] = [];
	const key = keyOfWish(cryptography, wish, (text) => warnings.push(text));
	const config: SenderSecurityConfig = {
		backend,
		random,
		suite,
		key,
		clientAuth,
		fingerprints,
		...(keyExchange === KeyExchange.RSA ? {} : { agreementCurve }),
	};
	const kind = wrongKind(keyExchange, key);
	if (kind !== undefined) throw new CommandError(ExitCode.Keys, `Failed to read/generate private key: ${kind}.`);
	const problem = senderSecurityProblem(config, blockBytes);
	if (problem !== undefined) throw new CommandError(ExitCode.Parameters, `uftp: ${problem}.`);
	const weakness = weaknessLine(suite, key.publicKey, keyExchange === KeyExchange.RSA ? undefined : agreementCurve);
	if (weakness !== undefined) warnings.push(weakness);
	if (fingerprints.size > 0 && !clientAuth && !options.wantsKeyExchangeSignatures && needsClientKeys(config)) {
		warnings.push(
			'The lists have fingerprints, so receivers must prove their keys, as with -c (C would not check them)',
		);
	}
	return { config, lines: linesOf(config, cryptography.sentence), warnings };
}

function wrongKind(keyExchange: KeyExchange, key: PrivateKey): string | undefined {
	const wanted = keyExchange === KeyExchange.ECDH_ECDSA ? 'ec' : 'rsa';
	if (key.kind === wanted) return undefined;
	return wanted === 'ec'
		? 'the file of -k holds an RSA key, and -e ecdh_ecdsa needs one on a curve (uftp_keymgt -g ec:prime256v1 FILE)'
		: 'the file of -k holds a key on a curve: it goes with -e ecdh_ecdsa, other key exchanges need RSA (-K 2048)';
}

function linesOf({ key, agreementCurve }: SenderSecurityConfig, sentence: string): string[] {
	const lines = [loadedLine(key.publicKey)];
	if (agreementCurve !== undefined) lines.push(`Loaded ECDH key with curve ${curveText(agreementCurve)}`);
	return [...lines, `Encrypted: ${sentence}`];
}
