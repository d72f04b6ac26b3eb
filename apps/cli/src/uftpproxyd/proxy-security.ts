/** Keys of `uftpproxyd`, and whom it serves: -k, -K, -e, -S, -C. */
import type { AllowedReceiver, ProxySecurityConfig } from '@uftp/protocol';
import { openCryptography } from '../drop-in/cryptography.ts';
import { Level, type Log } from '../drop-in/log.ts';
import { checkGroups, keyMaker, loadKeys } from '../uftpd/receiver-security.ts';
import { type ListedSender, readSenderList } from '../uftpd/sender-list.ts';
import type { ProxyArguments } from './arguments.ts';
import { readReceiverList } from './lists.ts';

/** As 4.10.2 makes one where none is given: heartbeats and PROXY_KEY need a key, and a sender's default is of this kind. */
const DEFAULT_KEY = { kind: 'rsa', bits: 512 } as const;

export interface ProxySecurity {
	readonly config: ProxySecurityConfig;
	/** Those of -S; undefined: from anywhere. */
	readonly senders: readonly ListedSender[] | undefined;
	/** Those of -C; undefined: all are served. */
	readonly receivers: readonly AllowedReceiver[] | undefined;
}

/** Settles the keys and lists. Throws a `CommandError`: 1 for lists and groups, 3 for keys. */
export async function proxySecurity(options: ProxyArguments, log: Log): Promise<ProxySecurity> {
	const { mode, keyFiles, newKeys } = options;
	const senders = options.senderList === undefined ? undefined : await readSenderList(options.senderList);
	const receivers = options.receiverList === undefined ? undefined : await readReceiverList(options.receiverList);
	// A client proxy hears its senders by unicast: the groups of its receivers' network are no matter of -S.
	const joinsGroups = mode !== 'client';
	if (senders !== undefined && joinsGroups) checkGroups(options.publicGroups);
	if (receivers !== undefined && mode === 'server') {
		log.say(Level.Warning, '-C is ignored with -s: a server proxy does not know the receivers');
	}
	if (options.agreementCurve !== undefined && mode !== 'response') {
		log.say(Level.Warning, '-e is ignored without -r, as by the C program');
	}
	const cryptography = await openCryptography();
	const isGiven = keyFiles.length + newKeys.length > 0;
	const keys = loadKeys(isGiven ? { keyFiles, newKeys } : { keyFiles: [], newKeys: [DEFAULT_KEY] }, cryptography, log);
	log.say(Level.Info, `Encrypted sessions: ${cryptography.sentence}`);
	const { backend, random } = cryptography;
	return {
		senders,
		receivers: mode === 'server' ? undefined : receivers,
		config: {
			backend,
			random,
			keys,
			...(isGiven ? {} : { keyFor: keyMaker(cryptography, log) }),
			encryptedOnly: false,
			...(mode === 'response' ? { agreementCurve: options.agreementCurve } : {}),
			...(senders === undefined ? {} : { senders, sourceSpecific: joinsGroups }),
		},
	};
}
