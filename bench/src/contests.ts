import type { Pair } from '@uftp/interop';

/** What is asked of a pair, against C to C in the same contest. */
export interface Target {
	/** Goodput, as a multiple of what C to C reached. */
	readonly goodputAtLeast?: number;
	/** Bytes that left the sender's interface, as a multiple of C's. */
	readonly wireAtMost?: number;
	/** Seconds for the whole sender process, whatever C takes. */
	readonly secondsAtMost?: number;
}

export interface Contender {
	readonly pair: Pair;
	readonly target?: Target;
}

/** One piece of work that several pairs do in turn. */
export interface Contest {
	/** As `--rows` names it. */
	readonly id: string;
	readonly title: string;
	/** Bytes of the file; undefined: `--size`. */
	readonly bytes?: number;
	/** No super-packets on the links, so that one drop is one datagram. */
	readonly segmented: boolean;
	readonly lossPercent: number;
	/** Receivers, where there are others than `receivers`. */
	readonly receivers?: number;
	/** Receivers have had a session before the one that is measured: programs that run for days are not cold. */
	readonly warm?: boolean;
	/** Encrypts the session: options of the sender, and the key that both ends have ready (`uftp_keymgt -g`). */
	readonly security?: { readonly options: readonly string[]; readonly key: string };
	readonly contenders: readonly Contender[];
}

/** Receivers of a contest that says nothing else. */
export const receivers = 3;

/** The same for both makers: blocks of 1300 bytes (the default), no pacing, timers for a network without delay. */
export const senderOptions = ['-R', '-1', '-B', '4194304', '-r', '0.05:0.01:0.5'] as const;
export const receiverOptions = ['-B', '4194304'] as const;

const cToC: Contender = { pair: { sender: 'C', receiver: 'C' } };
const oursToOurs = (target: Target): Contender => ({ pair: { sender: 'ours', receiver: 'ours' }, target });
const oursToC = (target: Target): Contender => ({ pair: { sender: 'ours', receiver: 'C' }, target });
const cToOurs = (target: Target): Contender => ({ pair: { sender: 'C', receiver: 'ours' }, target });

const ecdh = { options: ['-h', 'sha256', '-e', 'ecdh_ecdsa'], key: 'ec:prime256v1' } as const;

/** What `--encrypted` runs: keys are ready beforehand, the key exchange is part of the time. */
export const encryptedContests: readonly Contest[] = [
	{
		id: 'gcm',
		title: 'AES-128-GCM, ECDH',
		segmented: false,
		lossPercent: 0,
		security: { ...ecdh, options: ['-Y', 'aes128-gcm', ...ecdh.options] },
		contenders: [
			cToC,
			oursToOurs({ goodputAtLeast: 5 }),
			oursToC({ goodputAtLeast: 1 }),
			cToOurs({ goodputAtLeast: 1 }),
		],
	},
	{
		id: 'cbc',
		title: 'AES-256-CBC, HMAC-SHA-256, ECDH',
		segmented: false,
		lossPercent: 0,
		security: { ...ecdh, options: ['-Y', 'aes256-cbc', ...ecdh.options] },
		contenders: [
			cToC,
			oursToOurs({ goodputAtLeast: 3 }),
			oursToC({ goodputAtLeast: 1 }),
			cToOurs({ goodputAtLeast: 1 }),
		],
	},
	{
		id: 'keyed30',
		title: '1 KiB file, 30 receivers authenticated by RSA-2048 in their second session, whole process',
		warm: true,
		bytes: 1024,
		segmented: false,
		lossPercent: 0,
		receivers: 30,
		security: { options: ['-Y', 'aes256-gcm', '-h', 'sha256', '-e', 'rsa', '-c'], key: 'rsa:2048' },
		contenders: [cToC, oursToOurs({ secondsAtMost: 0.3 })],
	},
];

export const contests: readonly Contest[] = [
	{
		id: 'plain',
		title: 'no loss',
		segmented: false,
		lossPercent: 0,
		contenders: [
			cToC,
			oursToOurs({ goodputAtLeast: 5 }),
			oursToC({ goodputAtLeast: 1 }),
			cToOurs({ goodputAtLeast: 1 }),
		],
	},
	{
		id: 'segmented',
		title: 'no loss, segmentation forced',
		segmented: true,
		lossPercent: 0,
		contenders: [cToC, oursToOurs({ goodputAtLeast: 1.5 })],
	},
	{
		id: 'loss1',
		title: '1 % loss, segmentation forced',
		segmented: true,
		lossPercent: 1,
		contenders: [cToC, oursToOurs({ goodputAtLeast: 1.5, wireAtMost: 1.02 })],
	},
	{
		id: 'loss5',
		title: '5 % loss, segmentation forced',
		segmented: true,
		lossPercent: 5,
		contenders: [cToC, oursToOurs({ goodputAtLeast: 1.5, wireAtMost: 1.02 })],
	},
	{
		id: 'small',
		title: '1 KiB file, whole process',
		bytes: 1024,
		segmented: false,
		lossPercent: 0,
		contenders: [cToC, oursToOurs({ secondsAtMost: 0.25 })],
	},
];
