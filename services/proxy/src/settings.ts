/** From the configuration to the settings of the library: names, lists and keys are read here. */
import { join } from 'node:path';
import type { NodePublicKey } from '@uftp/bus';
import { type Curve, curveByName, formatFingerprint } from '@uftp/crypto';
import {
	keyMaker,
	openCryptography,
	openNodeKeys,
	readDownstreamSites,
	readReceiverList,
	readSenderList,
	stateDirectory,
} from '@uftp/endpoint/identity';
import { readEndpoints } from '@uftp/endpoint/network';
import { describeProblem, EndpointError } from '@uftp/endpoint/problems';
import type { ProxySettings } from '@uftp/endpoint/relaying';
import { type Logger, publishedKeys } from '@uftp/service-kit';
import { DEFAULT_PORT, parseUid } from '@uftp/wire';
import type { ProxyServiceConfig } from './config.ts';
import { PinholeFile } from './pinhole-file.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

export interface ServiceSettings {
	readonly settings: ProxySettings;
	readonly pinholes: PinholeFile;
	readonly published: readonly NodePublicKey[];
}

/** Reads all that the configuration names. Rejects with a sentence or an `EndpointError`. */
export async function serviceSettings(config: ProxyServiceConfig, logger: Logger): Promise<ServiceSettings> {
	const { mode, interface: listening } = config;
	const named = await readDownstreamSites(config.sites, config.downstreamPort);
	const pinholes = new PinholeFile(statePath(config, 'pinholes.json'));
	if (pinholes.problem !== undefined) logger.warn(pinholes.problem);
	const heartbeatTo = await readEndpoints(config.heartbeatTo, DEFAULT_PORT);
	const identity = await keysAndLists(config, logger);
	const uid = config.uid === undefined ? undefined : parseUid(config.uid);
	return {
		pinholes,
		published: publishedKeys(identity.keys),
		settings: {
			mode,
			uid,
			publicAddress: config.publicAddress,
			port: config.port,
			interfaces: listening === undefined ? [] : [listening],
			outgoingInterface: config.outgoingInterface,
			ttl: config.ttl,
			socketDriver: config.socketDriver,
			sites: pinholes.remembering(named),
			pinholeMs: config.pinholeSeconds * 1000,
			receiverPort: config.downstreamPort,
			holdPercent: config.holdPercent,
			sessionsMax: config.sessionsMax,
			receiversMax: config.receiversMax,
			heartbeats: { to: heartbeatTo, intervalMs: config.heartbeatToSeconds * 1000 },
			...identity,
		},
	};
}

type KeysAndLists = Required<Pick<ProxySettings, 'cryptography' | 'keys' | 'keyFor'>> &
	Pick<ProxySettings, 'senders' | 'receivers' | 'agreementCurve'>;

async function keysAndLists(config: ProxyServiceConfig, logger: Logger): Promise<KeysAndLists> {
	const cryptography = await openCryptography(config.cryptoBackend);
	const { keys, notes, warnings } = openNodeKeys({
		...cryptography,
		configured: config.keyFile,
		keptIn: statePath(config, 'key'),
		// The wrapper had no proxies.
		legacy: '',
	});
	logger.info(`Encrypted sessions: ${cryptography.sentence}.`);
	for (const note of notes) logger.info(note);
	for (const warning of warnings) logger.warn(describeProblem(warning, SERVICE_VOCABULARY));
	const { sendersFile, receiversFile, mode } = config;
	return {
		cryptography,
		keys,
		keyFor: keyMaker(cryptography, ({ publicKey }, kind) => {
			const print = formatFingerprint(publicKey.fingerprint);
			logger.info(`Key ${print} (${kind}): made for this run, because a sender has a key of this kind.`);
		}),
		senders: sendersFile === undefined ? undefined : await readSenderList(sendersFile),
		receivers: receiversFile === undefined ? undefined : await readReceiverList(receiversFile),
		agreementCurve: mode === 'response' ? agreementCurve(config.agreementCurve) : undefined,
	};
}

/** Where this proxy keeps something: what it is and its port distinguish several on one host. */
function statePath({ stateDir, mode, port }: ProxyServiceConfig, what: string): string {
	return join(stateDirectory(stateDir), `proxy-${mode}-${port}.${what}`);
}

function agreementCurve(name: string): Curve {
	const curve = curveByName(name);
	if (curve !== undefined) return curve;
	throw new EndpointError('curve-unknown', { curve: name });
}
