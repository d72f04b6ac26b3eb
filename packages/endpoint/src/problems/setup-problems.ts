/** What may be wrong with the settings of a node or with the machine that it starts on. */
import type { SentenceTable } from './table.ts';

export const SETUP_PROBLEMS = {
	'cryptography-unavailable': ({ why }, { cryptography }) => `${why} (${cryptography} names a library).`,
	'key-file-missing': ({ path, why }, { keyMaking }) => `The key file ${path} is not there: ${why}; ${keyMaking}.`,
	'key-file-exists': ({ path }) => `The key file ${path} already exists and is never overwritten: name another one.`,
	'key-file-unusable': ({ path, why }) => `The key file ${path} cannot be used: ${why}.`,
	'key-file-readable-by-others': ({ path, mode }) =>
		`The key file ${path} has mode ${mode}: others of this machine may read the key; "chmod 600 ${path}" ends that.`,
	'node-key-not-kept': ({ key, path }, { stateDirectory, keyFile }) =>
		`${key}: made for this run only, because it cannot be kept in ${path}: others will take the next start for ` +
		`somebody else. Set ${stateDirectory} to a folder that can be written to, or ${keyFile}.`,
	'uid-configured': ({ uid }) => `UID ${uid}: configured.`,
	'uid-inherited': ({ uid, from }) => `UID ${uid}: taken over from ${from}.`,
	'uid-from-address': ({ uid, address }) => `UID ${uid}: from the address ${address}.`,
	'uid-kept': ({ uid, path }) => `UID ${uid}: made up earlier and kept in ${path}.`,
	'uid-made-up': ({ uid, why, path }, words) =>
		`UID ${uid}: made up, because ${why}, and kept in ${path}. ${words.uid} sets another.`,
	'uid-unreadable': ({ path, why }, { uid, stateDirectory }) =>
		`The UID kept in ${path} cannot be read: ${why}. Set ${uid} or ${stateDirectory}.`,
	'uid-damaged': ({ path }, { uid }) =>
		`${path} should hold the UID of this receiver and does not: remove it, or set ${uid}.`,
	'uid-not-kept': ({ path, why }, { uid, stateDirectory }) =>
		`The UID of this receiver cannot be kept in ${path}: ${why}. Set ${uid} or ${stateDirectory}.`,
	'uid-underivable': ({ address }, { uid }) => `No UID can be derived from the address ${address}: set ${uid}.`,
	'interface-named': (facts, words) => `Interface ${facts.interface}: named with ${words.interface}.`,
	'interface-chosen': ({ why }) => `${why}`,
	'interface-listening': (facts) => `Listening on ${facts.interface}: up, multicasts and is not the loopback.`,
	'interface-listening-named': (facts, words) => `Listening on ${facts.interface}: named with ${words.interface}.`,
	'interface-unknown': ({ why }, words) => `${why} Change ${words.interface}.`,
	'interface-missing': ({ why }, words) => `${why} Set ${words.interface}.`,
	'interface-without-family': ({ tried, family, available }, words) =>
		`${tried} has an IPv${family} address for the IPv${family} groups of ${words.publicAddress}. This machine has: ` +
		`${available}. Name interfaces with ${words.interface} (the loopback only takes part when it is named).`,
	'public-address-unknown': ({ publicAddress, why }, words) =>
		`The public address "${publicAddress}" cannot be used: ${why}. Change ${words.publicAddress}.`,
	'nothing-to-send': ({ why }) => `There is nothing to send. ${why}`,
	'interface-outgoing': (facts, words) =>
		`To receivers over IPv${facts.family}: ${facts.interface}${facts.isNamed ? `: named with ${words.outgoingInterface}` : ''}.`,
	'outgoing-interface-unknown': ({ why }, words) => `${why} Change ${words.outgoingInterface}.`,
	'outgoing-interface-missing': ({ why }, words) => `${why} Set ${words.outgoingInterface}.`,
	'sites-missing': (_, { sites }) =>
		`${sites} names no site: a server proxy needs at least one, as host[:port] or fp=FINGERPRINT.`,
	'sites-without-server': ({ mode }, { sites }) =>
		`${sites} is for server proxies, and this is a ${mode} proxy: leave it out.`,
	'heartbeat-target-invalid': ({ word, why }, { heartbeats }) => `${heartbeats}: "${word}" is not host[:port]: ${why}.`,
	'curve-unknown': ({ curve }, { agreementCurve }) =>
		`${agreementCurve}=${curve} is no curve: name prime256v1, secp384r1, secp521r1 or another of UFTP 4.`,
	'private-address-invalid': ({ pattern }, { privateAddress }) =>
		`The private address "${pattern}" is not a multicast group. Parts other than the first may be the letter x. ` +
		`Change ${privateAddress}.`,
	'address-families-differ': (facts, words) =>
		`The public address ${facts.publicAddress} and the private address ${facts.privateAddress} are of different IP ` +
		`versions. Change ${words.publicAddress} or ${words.privateAddress}.`,
	'groups-mixed': ({ specific }, { publicAddress }) =>
		`With a list of senders the groups must be all source-specific (232.0.0.0/8, ff3x::) or none: ${specific} cannot ` +
		`go with the others. Change ${publicAddress}.`,
	'destination-missing': (_, { destination }) => `Nothing says where received files go: set ${destination}.`,
	'group-invalid': ({ group }, { publicAddress }) => `${group} is not a multicast group. Change ${publicAddress}.`,
	'response-proxy-unusable': ({ host, why }, { responseProxy }) =>
		`The response proxy ${host} cannot be used: ${why}. Change ${responseProxy}.`,
	'port-shared': (facts, words) =>
		`Another program on this machine has UDP port ${facts.port} too: multicast reaches both, but a unicast session ` +
		`only the one that was started last. For unicast give each a port of its own (${words.port}).`,
	'socket-failed': ({ why }) => `${why}`,
	'destination-unusable': ({ why }) => `${why}`,
	'setting-invalid': ({ why }) => `${why}`,
} satisfies SentenceTable;
