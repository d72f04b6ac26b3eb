import { formatFingerprint } from '@uftp/crypto';
import { readSenderList, wrapperLegacy } from '@uftp/endpoint/identity';
import type { ReceiverSettings } from '@uftp/endpoint/receiving';
import { environmentName, type Logger } from '@uftp/service-kit';
import { parseUid } from '@uftp/wire';
import type { ReceiverConfig } from './config.ts';

/** What the library is opened with. Rejects with a sentence if the list of senders cannot be read. */
export async function receiverSettings(
	config: ReceiverConfig,
	destination: string,
	logger: Logger,
): Promise<ReceiverSettings> {
	const { umask, minFreeBytes, inPlace, uid, sendersFile } = config;
	return {
		publicAddress: config.publicAddress,
		port: config.port,
		interfaces: config.interface === undefined ? undefined : [config.interface],
		socketDriver: config.socketDriver,
		destination: {
			destinations: [destination],
			umask,
			minFreeBytes,
			temporaryNames: !inPlace,
			inPlaceSetting: environmentName('inPlace'),
		},
		uid: uid === undefined ? undefined : parseUid(uid),
		stateDirectory: config.stateDir,
		legacy: wrapperLegacy(),
		security: {
			cryptography: config.cryptoBackend,
			keyFile: config.keyFile,
			encryptedOnly: config.encryptedOnly,
			onKeyMade: ({ publicKey }, kind) => {
				const print = formatFingerprint(publicKey.fingerprint);
				logger.info(`Key ${print} (${kind}): made for this run, because a sender has a key of this kind.`);
			},
		},
		senders: sendersFile === undefined ? undefined : await readSenderList(sendersFile),
		graceMs: config.graceSeconds * 1000,
		sessionsMax: config.sessionsMax,
	};
}
