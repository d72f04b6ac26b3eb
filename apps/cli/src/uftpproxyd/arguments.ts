/** The command line of `uftpproxyd`: the flags of UFTP 4.10.2, 3.7's -T, and -s as often as there are sites. */
import type { Curve } from '@uftp/crypto';
import { PROXY_DEFAULTS } from '@uftp/protocol';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { splitCommandLine } from '../drop-in/getopt.ts';
import { CURVE_HINT, commandLineCurve, type KeySpec } from '../drop-in/keys.ts';
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
import { keySpec } from '../uftpd/arguments.ts';

export const PROXY_USAGE = `uftpproxyd { -s { dest[:port] | fp=fingerprint | @site_file } ... | -c | -r } [ -d ] [ -p port ]
    [ -t ttl ] [ -Q dscp ] [ -N priority ] [ -O out_multi_interface ]
    [ -U UID ] [ -q dest_port ] [ -T hold_percent ] [ -m ] [ -x log_level ]
    [ -H hb_server[:port][,hb_server[:port]...] ] [ -h hb_interval ]
    [ -g max_log_size ] [ -n max_log_count ]
    [ -B udp_buf_size ] [ -L logfile ] [ -P pidfile ] [ -C clientlist_file ]
    [ -S serverlist_file ] [ -e ecdh_curve ] [ -k keyfile[,keyfile...] ]
    [ -K rsa:key_length | ec:curve[,rsa:key_length | ec:curve...] ]
    [ -I interface[,interface...] ] [ -M pub_mcast_addr[,pub_mcast_addr...] ]`;

const LETTERS = { withValue: 'sptQNOUqTxHhgnBLPCSekKIM', plain: 'crdm' };

/** Bounds of 3.7's -T. */
const HOLD_PERCENT = { min: 10, max: 99 };

export interface ProxyArguments {
	readonly mode: 'server' | 'client' | 'response';
	/** -s, each as given. */
	readonly sites: readonly string[];
	/** -d: stay in the foreground and log to stderr. */
	readonly foreground: boolean;
	readonly port: number;
	readonly ttl: number;
	readonly dscp: number;
	/** -N: the nice value; undefined: as the caller's. */
	readonly priority: number | undefined;
	/** -O as given. */
	readonly outgoingInterface: string | undefined;
	readonly proxyId: number | undefined;
	/** -q: port of the downstream proxies, or of the receivers. */
	readonly downstreamPort: number;
	/** -T; 100 as 4.10.2 does. */
	readonly holdPercent: number;
	readonly logLevel: number;
	/** -H as given. */
	readonly heartbeatTargets: readonly string[];
	readonly heartbeatSeconds: number;
	/** -g in bytes; undefined: the log is not rolled. */
	readonly logBytesMax: number | undefined;
	readonly logCount: number;
	readonly bufferBytes: number;
	readonly logFile: string;
	readonly pidFile: string | undefined;
	/** -C and -S as given. */
	readonly receiverList: string | undefined;
	readonly senderList: string | undefined;
	/** -e: curve of a response proxy's ECDH key. */
	readonly agreementCurve: Curve | undefined;
	/** -k; as many as -K if both are given. */
	readonly keyFiles: readonly string[];
	readonly newKeys: readonly KeySpec[];
	/** -I as given; empty: all that fit. */
	readonly networkInterfaces: readonly string[];
	readonly publicGroups: readonly string[];
	/** Words that are no options: C ignores them, we say so. */
	readonly ignored: readonly string[];
}

type Draft = { -readonly [Key in keyof ProxyArguments]: ProxyArguments[Key] } & { modes: string[] };

/** Reads the words behind the program's name. Throws a `CommandError`; `posix` says that POSIXLY_CORRECT is set. */
export function parseProxyArguments(words: readonly string[], posix = false): ProxyArguments {
	const split = splitCommandLine('uftpproxyd', words.flatMap(responseCurve), LETTERS, posix);
	if (!split.ok) throw new CommandError(ExitCode.Parameters, split.message, true);
	const { modes, ...draft } = draftOf(split.options, split.operands);
	if (modes.length === 0) {
		throw new CommandError(ExitCode.Parameters, 'Either -s, -c, or -r must be specified', true);
	}
	if (new Set(modes).size > 1) {
		throw new CommandError(
			ExitCode.Parameters,
			'Only one of -s, -c, -r may be specified: a server proxy (-s, as often as there are sites), a client proxy or a response proxy.',
		);
	}
	const { keyFiles, newKeys } = draft;
	if (keyFiles.length > 0 && newKeys.length > 0 && keyFiles.length !== newKeys.length) {
		throw new CommandError(
			ExitCode.Parameters,
			`Must list same number of items for -k and -K: ${keyFiles.length} files and ${newKeys.length} keys to make.`,
		);
	}
	return draft;
}

function draftOf(options: readonly { letter: string; value: string }[], ignored: readonly string[]): Draft {
	const draft: Draft = { ...defaults(), ignored };
	for (const { letter, value } of options) apply[letter](draft, value);
	return draft;
}

/** The manual's `-r:curve`, which the C program itself refuses. */
function responseCurve(word: string): string[] {
	return word.startsWith('-r:') ? ['-r', `-e${word.slice(3)}`] : [word];
}

function defaults(): Draft {
	return {
		mode: 'server',
		modes: [],
		sites: [],
		foreground: false,
		port: 1044,
		ttl: 1,
		dscp: 0,
		priority: undefined,
		outgoingInterface: undefined,
		proxyId: undefined,
		downstreamPort: 1044,
		holdPercent: PROXY_DEFAULTS.holdPercent,
		logLevel: 2,
		heartbeatTargets: [],
		heartbeatSeconds: PROXY_DEFAULTS.heartbeatMs / 1000,
		logBytesMax: undefined,
		logCount: LOG_COUNT_INITIAL,
		bufferBytes: BUFFER_BYTES_INITIAL,
		logFile: '/tmp/uftpproxyd.log',
		pidFile: undefined,
		receiverList: undefined,
		senderList: undefined,
		agreementCurve: undefined,
		keyFiles: [],
		newKeys: [],
		networkInterfaces: [],
		publicGroups: ['230.4.4.1'],
		ignored: [],
	};
}

function setMode(draft: Draft, mode: ProxyArguments['mode']): void {
	draft.mode = mode;
	draft.modes.push(mode);
}

const apply: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
	s: (draft, value) => {
		setMode(draft, 'server');
		draft.sites = [...draft.sites, value];
	},
	c: (draft) => setMode(draft, 'client'),
	r: (draft) => setMode(draft, 'response'),
	d: (draft) => (draft.foreground = true),
	p: (draft, value) => (draft.port = wholeNumber('p', value, 1, 65_535, 'Invalid port')),
	t: (draft, value) => (draft.ttl = wholeNumber('t', value, 1, 255, 'Invalid ttl')),
	Q: (draft, value) => (draft.dscp = codePoint(value)),
	N: (draft, value) => (draft.priority = wholeNumber('N', value, -20, 19, 'Invalid priority value')),
	O: (draft, value) => (draft.outgoingInterface = value),
	U: (draft, value) => (draft.proxyId = uidOption(value)),
	q: (draft, value) => (draft.downstreamPort = wholeNumber('q', value, 1, 65_535, 'Invalid outgoing port')),
	T: (draft, value) =>
		(draft.holdPercent = wholeNumber('T', value, HOLD_PERCENT.min, HOLD_PERCENT.max, 'Invalid hold percentage')),
	// Where private keys are kept on Windows: nothing here.
	m: () => {},
	x: (draft, value) => (draft.logLevel = logLevel(value)),
	H: (draft, value) => (draft.heartbeatTargets = namesOf('H', value, 'proxy')),
	h: (draft, value) => (draft.heartbeatSeconds = wholeNumber('h', value, 1, 3600, 'Invalid heartbeat interval')),
	g: (draft, value) => (draft.logBytesMax = logBytesMax(value)),
	n: (draft, value) => (draft.logCount = logCount(value)),
	B: (draft, value) => (draft.bufferBytes = bufferBytes(value, 'Invalid buffer size')),
	L: (draft, value) => (draft.logFile = value),
	P: (draft, value) => (draft.pidFile = value),
	C: (draft, value) => (draft.receiverList = value),
	S: (draft, value) => (draft.senderList = value),
	e: (draft, value) => (draft.agreementCurve = curveOption(value)),
	k: (draft, value) => (draft.keyFiles = namesOf('k', value, 'key file')),
	K: (draft, value) => (draft.newKeys = namesOf('K', value, 'key').map(keySpec)),
	I: (draft, value) => (draft.networkInterfaces = namesOf('I', value, 'interface')),
	M: (draft, value) => (draft.publicGroups = namesOf('M', value, 'multicast address')),
};

function curveOption(name: string): Curve {
	const curve = commandLineCurve(name);
	if (curve !== undefined) return curve;
	throw new CommandError(ExitCode.Parameters, `Invalid curve: -e does not know "${name}": ${CURVE_HINT}.`);
}

function namesOf(letter: string, text: string, what: string): string[] {
	const names = commaList(text);
	if (names.length > 0) return names;
	throw new CommandError(ExitCode.Parameters, `uftpproxyd: -${letter} names no ${what}.`);
}
