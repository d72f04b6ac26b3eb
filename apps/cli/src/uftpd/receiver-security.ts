/** Keys of `uftpd`, and whom it accepts: -k, -K, -E, -S. */
import { formatFingerprint, type PrivateKey, type PublicKey } from '@uftp/crypto';
import { keyMaker as makerOfKeys } from '@uftp/endpoint/identity';
import type { ReceiverSecuritySettings } from '@uftp/endpoint/receiving';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { type Cryptography, openCryptography } from '../drop-in/cryptography.ts';
import { keyOfWish, loadedLine } from '../drop-in/keys.ts';
import { Level, type Log } from '../drop-in/log.ts';
import type { ReceiverArguments } from './arguments.ts';
import { isSourceSpecific, type ListedSender, readSenderList } from './sender-list.ts';

/** RSA keys below can be taken apart with one machine in days. */
const SAFE_RSA_BITS = 1024;
const DEFAULT_GROUP = '230.4.4.1';

export interface ReceiverSecurity {
	readonly security: ReceiverSecuritySettings & { readonly keys: readonly PrivateKey[] };
	/** Those of -S; undefined: from anywhere. */
	readonly senders: readonly ListedSender[] | undefined;
}

/** Settles the keys and lists. Throws a `CommandError`: 1 for lists and groups, 3 for keys. */
export async function receiverSecurity(options: ReceiverArguments, log: Log): Promise<ReceiverSecurity> {
	const senders = options.senderList === undefined ? undefined : await readSenderList(options.senderList);
	if (senders !== undefined) checkGroups(options.publicGroups);
	const cryptography = await openCryptography();
	const keys = loadKeys(options, cryptography, log);
	log.say(Level.Info, `Encrypted sessions: ${cryptography.sentence}`);
	const keyFor = keys.length === 0 ? keyMaker(cryptography, log) : 'none';
	return { senders, security: { cryptography, keys, keyFor, encryptedOnly: options.encryptedOnly } };
}

/** With -S all groups are source-specific. Exit 1 otherwise, in C's words. */
export function checkGroups(groups: readonly string[]): void {
	const wrong = groups.find((group) => !isSourceSpecific(group));
	if (wrong === undefined) return;
	const what =
		wrong === DEFAULT_GROUP
			? `Default multicast address ${wrong} invalid for source specific multicast`
			: `Invalid source specific multicast address: ${wrong}`;
	throw new CommandError(
		ExitCode.Parameters,
		`${what}: with -S, give -M groups of 232.0.0.0/8 or ff3x::/32, and let the sender use such ones for its -M and -P.`,
	);
}

/** The keys of -k and -K, told to the log. */
export function loadKeys(
	{ keyFiles, newKeys }: Pick<ReceiverArguments, 'keyFiles' | 'newKeys'>,
	cryptography: Cryptography,
	log: Log,
): readonly PrivateKey[] {
	const count = Math.max(keyFiles.length, newKeys.length);
	const keys: PrivateKey[] = [];
	for (let i = 0; i < count; i++) {
		const wish = { file: keyFiles[i], spec: newKeys[i] };
		const key = keyOfWish(cryptography, wish, (text) => log.say(Level.Warning, text));
		keys.push(key);
		log.say(Level.Info, loadedLine(key.publicKey));
		warnOfShort(key.publicKey, log);
	}
	if (count === 0) {
		log.say(
			Level.Info,
			"No key given (-k, -K): one that fits the sender's key is made in memory when an encrypted session comes",
		);
	}
	return keys;
}

/** Keys in memory, one of each size and curve that senders had. */
export function keyMaker(cryptography: Cryptography, log: Log): (senderKey: PublicKey) => PrivateKey {
	return makerOfKeys(cryptography, ({ publicKey }, kind) => {
		const print = formatFingerprint(publicKey.fingerprint);
		log.say(Level.Info, `Made a key in memory that fits the sender's (${kind}), with fingerprint ${print}`);
		warnOfShort(publicKey, log);
	});
}

function warnOfShort(key: PublicKey, log: Log): void {
	if (key.kind !== 'rsa' || 8 * key.modulus.length >= SAFE_RSA_BITS) return;
	const bits = 8 * key.modulus.length;
	log.say(Level.Warning, `Warning: weak encryption: an RSA key of ${bits} bits. Better: -K 2048 at the sender`);
}
