/** From the command line to the settings of the library: names, lists and keys are read here. */
import type { ProxySettings } from '@uftp/endpoint/relaying';
import { openCryptography } from '../drop-in/cryptography.ts';
import { Level, type Log } from '../drop-in/log.ts';
import { publicGroups } from '../uftpd/groups.ts';
import { heartbeatTargets } from '../uftpd/heartbeats.ts';
import { checkGroups, keyMaker, loadKeys } from '../uftpd/receiver-security.ts';
import { readSenderList } from '../uftpd/sender-list.ts';
import type { ProxyArguments } from './arguments.ts';
import { downstreamSites, readReceiverList } from './lists.ts';

/** How rare the heartbeats of a site are is not known here, and -h goes up to an hour; 4.10.2 never gives a site up. */
const PINHOLE_MS = 3 * 3_600_000;
/** As 4.10.2 makes one where none is given: heartbeats and PROXY_KEY need a key, and a sender's default is of this kind. */
const DEFAULT_KEY = { kind: 'rsa', bits: 512 } as const;

/**
 * Reads all that the options name; names are looked up here, and never while packets come. Throws a `CommandError`: 1 for
 * names, lists and groups, 3 for keys.
 */
export async function proxySettings(options: ProxyArguments, log: Log): Promise<ProxySettings> {
	const { mode, proxyId: uid, port, ttl, dscp, bufferBytes, outgoingInterface, holdPercent } = options;
	const sites = await downstreamSites(options.sites, options.downstreamPort);
	const to = await heartbeatTargets(options.heartbeatTargets);
	const publicAddress = [...(await publicGroups(options.publicGroups)).values()].flat();
	return {
		...{ mode, uid, port, ttl, dscp, bufferBytes, outgoingInterface, holdPercent, sites, publicAddress },
		allowsLoopbackUid: true,
		interfaces: options.networkInterfaces.length === 0 ? 'all' : options.networkInterfaces,
		pinholeMs: PINHOLE_MS,
		receiverPort: options.downstreamPort,
		heartbeats: { to, intervalMs: options.heartbeatSeconds * 1000 },
		...(await keysAndLists(options, log)),
	};
}

async function keysAndLists(options: ProxyArguments, log: Log): Promise<Partial<ProxySettings>> {
	const { mode, keyFiles, newKeys, agreementCurve } = options;
	const senders = options.senderList === undefined ? undefined : await readSenderList(options.senderList);
	const receivers = options.receiverList === undefined ? undefined : await readReceiverList(options.receiverList);
	// A client proxy hears its senders by unicast: the groups of its receivers' network are no matter of -S.
	if (senders !== undefined && mode !== 'client') checkGroups(options.publicGroups);
	if (receivers !== undefined && mode === 'server') {
		log.say(Level.Warning, '-C is ignored with -s: a server proxy does not know the receivers');
	}
	if (agreementCurve !== undefined && mode !== 'response') {
		log.say(Level.Warning, '-e is ignored without -r, as by the C program');
	}
	const cryptography = await openCryptography();
	const isGiven = keyFiles.length + newKeys.length > 0;
	const keys = loadKeys(isGiven ? { keyFiles, newKeys } : { keyFiles: [], newKeys: [DEFAULT_KEY] }, cryptography, log);
	log.say(Level.Info, `Encrypted sessions: ${cryptography.sentence}`);
	const keyFor = isGiven ? undefined : keyMaker(cryptography, log);
	return { cryptography, keys, keyFor, senders, receivers, agreementCurve };
}
