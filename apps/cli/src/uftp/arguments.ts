/** The command line of `uftp`: the flags of UFTP 4.10.2 with their ranges, defaults and refusals. */
import { type CongestionConfig, SENDER_DEFAULTS, type SenderLimits } from '@uftp/protocol';
import { MAX_BLOCK_BYTES, MAX_ROBUST, MIN_BLOCK_BYTES, MIN_ROBUST } from '@uftp/wire';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { splitCommandLine } from '../drop-in/getopt.ts';
import {
	BUFFER_BYTES_INITIAL,
	bufferBytes,
	codePoint,
	commaList,
	LOG_COUNT_INITIAL,
	logBytesMax,
	logCount,
	logLevel,
	uidOption,
	wholeNumber,
} from '../drop-in/option-values.ts';
import { congestionOption } from './congestion-option.ts';
import {
	cipherOption,
	ENCRYPTION_DEFAULTS,
	type EncryptionOptions,
	hashOption,
	keyExchangeOption,
	signatureOption,
} from './encryption-options.ts';

export const SENDER_USAGE = `uftp [ -R txrate ] [ -L logfile ] [ -g max_log_size ] [ -n max_log_count ]
    [ -B udp_buf_size ] [ -b block_size ] [ -t ttl ] [ -Q dscp ] [ -I interface ]
    [ -U UID ] [ -p port ] [ -u source_port ] [ -q ] [ -l ] [ -T ] [ -y ] [ -z ] [ -Z ]
    [ -C none | tfmcc[:min=rate][:init=rate][:max=rate] ] [ -a max_passes ] [ -N max_nak_pct ]
    [ -m max_nak_count ] [ -W txweight ]
    [ -Y cipher ] [ -h hash ] [ -w hmac | keyex ] [ -c ] [ -k keyfile ] [ -K key_len | curve ]
    [ -e rsa | ecdh_rsa[:curve] | ecdh_ecdsa[:curve] ] [ -j proxylist_file ]
    [ -x log_level ] [ -H host[,host...] | -H @hostlist_file ] [ -X exclude_file ] [ -f ]
    [ -M pub_multicast_addr ] [ -P priv_multicast_addr ]
    [ -D dest_name [ -o ] ] [ -E base_dir[,base_dir...] ] [ -S status_file ]
    [ -r init_grtt[:min_grtt:max_grtt] ] [ -s robust ]
    { -i list_file | -F restart_file | file [ file... ] }`;

/** The highest -R: 2^30 Kbps of 1024 bit/s. */
const RATE_KBPS_MAX = 2 ** 30;
/** The range of each part of -r. */
const GRTT_MS = { min: 1, max: 1_000_000 };

/** As in C. */
const BASES_MAX = 10;

const OURS = { withValue: 'RbBtIpuMPHUrsxDiLgnQaWXNESmYhwekKjFC', plain: 'lqTzZyocf' };

export interface SenderArguments {
	/** Infinity for -R -1. */
	readonly rateKbps: number;
	readonly blockBytes: number;
	readonly bufferBytes: number;
	readonly ttl: number;
	/** -I as given; undefined: the first that fits. */
	readonly networkInterface: string | undefined;
	readonly port: number;
	/** 0: any. */
	readonly sourcePort: number;
	readonly publicAddress: string;
	/** -P as given, with its letters x. */
	readonly privateAddress: string | undefined;
	/** -H as given. */
	readonly hosts: string | undefined;
	/** -U; undefined: from the interface. */
	readonly senderId: number | undefined;
	readonly robust: number;
	readonly grttMs: { readonly initial: number; readonly min: number; readonly max: number };
	readonly logLevel: number;
	readonly logFile: string | undefined;
	readonly destinationName: string | undefined;
	readonly followLinks: boolean;
	readonly quitOnError: boolean;
	/** -o: -D is a directory even for a single file. */
	readonly destinationIsDirectory: boolean;
	/** -E: what is taken off the front of paths. */
	readonly bases: readonly string[];
	/** -X as given. */
	readonly excludeFile: string | undefined;
	/** -S as given. */
	readonly statusFile: string | undefined;
	/** -g in bytes; undefined: the log is not rolled. */
	readonly logBytesMax: number | undefined;
	readonly logCount: number;
	/** -T: times before the lines on stderr. */
	readonly timestamps: boolean;
	readonly sync: boolean;
	readonly preview: boolean;
	readonly dscp: number;
	/** -a, -N, -m, -W. */
	readonly limits: SenderLimits;
	/** -Y, -h, -w, -e, -c, -k, -K. */
	readonly encryption: EncryptionOptions;
	/** -C: the rate follows what the receivers report, and -R says nothing. */
	readonly congestion: CongestionConfig | undefined;
	/** -j as given. */
	readonly proxyList: string | undefined;
	/** -i as given. */
	readonly listFile: string | undefined;
	/** -f, or implied by -F: a restart file is written if a receiver fails. */
	readonly isRestartable: boolean;
	/** -F as given. */
	readonly restartFile: string | undefined;
	readonly files: readonly string[];
}

type Draft = { -readonly [Key in keyof SenderArguments]: SenderArguments[Key] };

/** Reads the words behind the program's name. Throws a `CommandError`; `posix` says that POSIXLY_CORRECT is set. */
export function parseSenderArguments(words: readonly string[], posix = false): SenderArguments {
	const split = splitCommandLine('uftp', words, OURS, posix);
	if (!split.ok) throw new CommandError(ExitCode.Parameters, split.message, true);
	const draft = defaults();
	for (const { letter, value } of split.options) apply[letter](draft, value);
	draft.files = split.operands;
	const fault = contradiction(draft);
	if (fault !== undefined) throw new CommandError(ExitCode.Parameters, fault);
	if (draft.files.length === 0 && draft.listFile === undefined && draft.restartFile === undefined) {
		throw new CommandError(ExitCode.Parameters, 'uftp: no file to send: name at least one, or a list with -i.', true);
	}
	return draft;
}

/** What does not go together, in C's words. */
function contradiction({
	isRestartable,
	restartFile,
	hosts,
	listFile,
	proxyList,
	sync,
	preview,
}: Draft): string | undefined {
	if (isRestartable && (sync || preview)) {
		return 'Error: Cannot use restart mode and sync mode together: leave -f and -F out, a later -z sends what is missing.';
	}
	if (restartFile === undefined) return undefined;
	const why = 'the restart file says who gets what';
	if (hosts !== undefined) return `Can't specify both -H and -F: ${why}.`;
	if (listFile !== undefined) return `Can't specify both -i and -F: ${why}.`;
	return proxyList === undefined ? undefined : `Can't specify both -j and -F: ${why}.`;
}

function defaults(): Draft {
	return {
		rateKbps: 1000,
		blockBytes: SENDER_DEFAULTS.blockBytes,
		bufferBytes: BUFFER_BYTES_INITIAL,
		ttl: 1,
		networkInterface: undefined,
		port: 1044,
		sourcePort: 0,
		publicAddress: '230.4.4.1',
		privateAddress: undefined,
		hosts: undefined,
		senderId: undefined,
		robust: SENDER_DEFAULTS.robust,
		grttMs: SENDER_DEFAULTS.grttMs,
		logLevel: 2,
		logFile: undefined,
		destinationName: undefined,
		followLinks: false,
		quitOnError: false,
		destinationIsDirectory: false,
		bases: [],
		excludeFile: undefined,
		statusFile: undefined,
		logBytesMax: undefined,
		logCount: LOG_COUNT_INITIAL,
		timestamps: false,
		sync: false,
		preview: false,
		dscp: 0,
		limits: {},
		encryption: ENCRYPTION_DEFAULTS,
		congestion: undefined,
		proxyList: undefined,
		listFile: undefined,
		isRestartable: false,
		restartFile: undefined,
		files: [],
	};
}

const apply: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
	R: (draft, value) => (draft.rateKbps = rate(value)),
	b: (draft, value) =>
		(draft.blockBytes = wholeNumber('b', value, MIN_BLOCK_BYTES, MAX_BLOCK_BYTES, 'Invalid blocksize')),
	B: (draft, value) => (draft.bufferBytes = bufferBytes(value, 'Invalid receive buffer size')),
	t: (draft, value) => (draft.ttl = wholeNumber('t', value, 1, 255, 'Invalid ttl')),
	I: (draft, value) => (draft.networkInterface = value),
	p: (draft, value) => (draft.port = port('p', value, 1, 'Invalid public address or port')),
	u: (draft, value) => (draft.sourcePort = port('u', value, 0, 'Error getting bind address')),
	M: (draft, value) => (draft.publicAddress = value),
	P: (draft, value) => (draft.privateAddress = value),
	H: (draft, value) => (draft.hosts = value),
	U: (draft, value) => (draft.senderId = uidOption(value)),
	r: (draft, value) => (draft.grttMs = grtt(value)),
	s: (draft, value) => (draft.robust = wholeNumber('s', value, MIN_ROBUST, MAX_ROBUST, 'Invalid robustness factor')),
	x: (draft, value) => (draft.logLevel = logLevel(value)),
	L: (draft, value) => (draft.logFile = value),
	D: (draft, value) => (draft.destinationName = value === '' ? undefined : value),
	l: (draft) => (draft.followLinks = true),
	q: (draft) => (draft.quitOnError = true),
	i: (draft, value) => (draft.listFile = value),
	o: (draft) => (draft.destinationIsDirectory = true),
	E: (draft, value) => (draft.bases = bases(value)),
	X: (draft, value) => (draft.excludeFile = value),
	S: (draft, value) => (draft.statusFile = value),
	g: (draft, value) => (draft.logBytesMax = logBytesMax(value)),
	n: (draft, value) => (draft.logCount = logCount(value)),
	T: (draft) => (draft.timestamps = true),
	z: (draft) => (draft.sync = true),
	Z: (draft) => (draft.preview = true),
	Q: (draft, value) => (draft.dscp = codePoint(value)),
	// Where private keys are kept on Windows: nothing here.
	y: () => {},
	a: (draft, value) => limit(draft, 'passesMax', wholeNumber('a', value, 1, 65_535, 'Invalid max passes')),
	N: (draft, value) => limit(draft, 'nakPercentMax', wholeNumber('N', value, 0, 100, 'Invalid max_nak_pct')),
	m: (draft, value) => limit(draft, 'nakExcessesMax', wholeNumber('m', value, 1, 1000, 'Invalid max nak count')),
	W: (draft, value) => limit(draft, 'transferPercentMax', wholeNumber('W', value, 110, 10_000, 'Invalid txweight')),
	Y: (draft, value) => encrypt(draft, { cipher: cipherOption(value) }),
	h: (draft, value) => encrypt(draft, { hash: hashOption(value) }),
	w: (draft, value) => encrypt(draft, { wantsKeyExchangeSignatures: signatureOption(value) }),
	e: (draft, value) => encrypt(draft, keyExchangeOption(value)),
	c: (draft) => encrypt(draft, { clientAuth: true }),
	k: (draft, value) => encrypt(draft, { keyFile: value }),
	K: (draft, value) => encrypt(draft, { newKey: value }),
	C: (draft, value) => (draft.congestion = congestionOption(value)),
	j: (draft, value) => (draft.proxyList = value),
	f: (draft) => (draft.isRestartable = true),
	F: (draft, value) => {
		draft.restartFile = value;
		draft.isRestartable = true;
	},
};

function encrypt(draft: Draft, part: Partial<EncryptionOptions>): void {
	draft.encryption = { ...draft.encryption, ...part };
}

function limit(draft: Draft, name: keyof SenderLimits, value: number): void {
	draft.limits = { ...draft.limits, [name]: value };
}

function bases(text: string): string[] {
	const given = commaList(text);
	if (given.length <= BASES_MAX) return given;
	throw new CommandError(ExitCode.Parameters, `uftp: -E takes at most ${BASES_MAX} bases, not ${given.length}.`);
}

function rate(text: string): number {
	if (text === '-1') return Number.POSITIVE_INFINITY;
	return wholeNumber('R', text, 1, RATE_KBPS_MAX, 'Invalid rate');
}

/** A port outside the range is C's error of resolving the address, hence exit 2. */
function port(letter: string, text: string, min: number, words: string): number {
	const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
	if (value >= min && value <= 65_535) return value;
	throw new CommandError(ExitCode.Network, `${words}: -${letter} takes a port from ${min} to 65535, not "${text}".`);
}

/** -r init[:min:max] in seconds, in milliseconds. A lone init may lie outside the default bounds and then widens them. */
function grtt(text: string): SenderArguments['grttMs'] {
	const parts = text.split(':');
	if (parts.length === 2) {
		throw new CommandError(ExitCode.Parameters, 'Missing max_grtt: -r takes init or init:min:max, in seconds.');
	}
	const values = parts.map((part) => (/^(\d+\.?\d*|\.\d+)$/.test(part) ? Number(part) * 1000 : Number.NaN));
	const inRange = values.every((value) => value >= GRTT_MS.min && value <= GRTT_MS.max);
	const [initial, min, max] = values;
	if (inRange && values.length === 1) {
		const bounds = SENDER_DEFAULTS.grttMs;
		return { initial, min: Math.min(bounds.min, initial), max: Math.max(bounds.max, initial) };
	}
	if (inRange && values.length === 3 && min <= initial && initial <= max) return { initial, min, max };
	throw new CommandError(
		ExitCode.Parameters,
		`Invalid grtt: -r takes init or init:min:max in seconds, each from 0.001 to 1000 and min <= init <= max, not "${text}".`,
	);
}
