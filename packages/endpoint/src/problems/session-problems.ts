/** What a session or a node may complain about while it runs: the codes of the core. */
import type { ProblemFacts } from '@uftp/protocol';
import type { SentenceTable } from './table.ts';

export const SESSION_PROBLEMS = {
	'nobody-registered': asSentence,
	'nobody-answered-file-info': asSentence,
	'all-lost': asSentence,
	'quit-on-error': asSentence,
	'time-exceeded': asSentence,
	interrupted: asSentence,
	'file-changed': asSentence,
	'all-files-unavailable': asSentence,
	'uid-shared': ({ host, uid }, words) =>
		`KEYINFO from ${host} does not open with this receiver's keys: another receiver seems to use the UID ${uid}, too: ` +
		`give one of them another (${words.uid}).`,
	'proxy-is-receiver': ({ proxy, host }, { proxies, uid }) =>
		`${proxy} at ${host} registers as a proxy with the UID of a receiver: name it in the list of proxies (${proxies}), or ` +
		`give it another UID (${uid}).`,
	'proxy-unlisted': ({ proxy, host }, { proxies }) =>
		`Proxy ${proxy} at ${host} is not on the list of proxies (${proxies}), which a closed group needs.`,
	'key-behind-unlisted-proxy': ({ receiver, proxy }, { proxies }) =>
		`The key of receiver ${receiver} behind proxy ${proxy} cannot be checked, so that it is refused: name the proxy in the ` +
		`list of proxies (${proxies}).`,
	'proxy-key-missing': (_, { keyFile, newKey }) =>
		`A response proxy shows its key to its receivers: give it one (${keyFile}, ${newKey}).`,
	'proxy-key-misfit': ({ key }) =>
		`A response proxy cannot show a key of this size (${key}): use RSA of a multiple of 16 bits.`,
	'heartbeat-key-misfit': ({ bits }) =>
		`An RSA key of ${bits} bits does not fit into a heartbeat, which consists of whole words: use a first key of 1024 or ` +
		'2048 bits.',
	'heartbeat-key-missing': ({ proxy }, { keyFile, newKey }) =>
		`The proxy at ${proxy} asks for heartbeats with a signature, but this one has no key: nothing will be sent to it. ` +
		`Give it a key (${keyFile}, ${newKey}), and its fingerprint to the other one.`,
	'site-key-uncheckable': (_, { sites }) =>
		`A site is known by its key only (${sites}), and this proxy has no cryptography to check it with.`,
	'hook-too-slow': ({ hook, seconds }) => `${hook} did not return within ${seconds} s.`,
	internal: ({ why }) => `A fault of this program ended it: ${why}.`,
} satisfies SentenceTable;

/** What the core says of the end of a session. */
function asSentence({ why }: ProblemFacts): string {
	const text = String(why);
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
