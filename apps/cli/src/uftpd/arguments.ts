/** The command line of `uftpd`: the flags of UFTP 4.10.2 with their ranges, defaults and refusals. */
import { resolvePath } from '@uftp/storage/paths';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { splitCommandLine } from '../drop-in/getopt.ts';
import { CURVE_HINT, type KeySpec, parseKeySpec } from '../drop-in/keys.ts';
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

export const RECEIVER_USAGE = `uftpd [ -d ] [ -p port ] [ -B buf_size ] [ -U UID ] [ -x log_level ] [ -q ] [ -E ]
    [ -S serverlist_file | -S folder ] [ -R proxy[/fp] ] [ -k keyfile[,keyfile...] ]
    [ -K rsa:key_len | ec:curve[,rsa:key_len | ec:curve...] ]
    [ -D dest_dir[,dest_dir...] ] [ -A backup_dir[,backup_dir...] ] [ -T temp_dir [ -i ] ] [ -t ] [ --in-place ]
    [ -F status_file ] [ -s postreceive_script ] [ -c cache_size ] [ -N priority ] [ -Q dscp ] [ -m ]
    [ -H hb_server[:port][,hb_server[:port]...] ] [ -h hb_interval ]
    [ -L logfile ] [ -g max_log_size ] [ -n max_log_count ] [ -P pidfile ]
    [ -I interface[,interface...] ] [ -M pub_mcast_addr[,pub_mcast_addr...] ]`;

/** As in C. */
const DESTINATIONS_MAX = 10;

const LETTERS = { withValue: 'pIMUBDxLPSRkKQTAFcNsgnHh', plain: 'dqEtmi', words: ['in-place'] };

export interface ReceiverArguments {
	/** -d: stay in the foreground and log to stderr. */
	readonly foreground: boolean;
	readonly port: number;
	/** -I as given; empty: all that fit. */
	readonly networkInterfaces: readonly string[];
	readonly publicGroups: readonly string[];
	/** -U; undefined: from the first interface. */
	readonly receiverId: number | undefined;
	readonly bufferBytes: number;
	/** Absolute; the first takes relative names. */
	readonly destinations: readonly string[];
	readonly logLevel: number;
	/** -q: do not look up the sender's host name. */
	readonly skipHostNames: boolean;
	readonly logFile: string;
	readonly pidFile: string | undefined;
	/** -t was given: what it does is what always happens, but it excludes -T. */
	readonly temporaryNames: boolean;
	/** --in-place: files are written over the ones that they replace. */
	readonly inPlace: boolean;
	/** -T: absolute. */
	readonly temporaryDirectory: string | undefined;
	/** -i: with -T, directories that exist are filled, not replaced. */
	readonly moveOneByOne: boolean;
	/** -A: absolute, one for each destination. */
	readonly backups: readonly string[];
	/** -F as given. */
	readonly statusFile: string | undefined;
	/** -s: absolute. */
	readonly script: string | undefined;
	/** -g in bytes; undefined: the log is not rolled. */
	readonly logBytesMax: number | undefined;
	readonly logCount: number;
	readonly dscp: number;
	/** -N: the nice value; undefined: as the caller's. */
	readonly priority: number | undefined;
	/** -H as given. */
	readonly heartbeatTargets: readonly string[];
	readonly heartbeatSeconds: number;
	/** -E: sessions in the clear are refused. */
	readonly encryptedOnly: boolean;
	/** -S as given: a file, or a folder of files. */
	readonly senderList: string | undefined;
	/** -R as given: host[/fingerprint]. */
	readonly responseProxy: string | undefined;
	/** -k; as many as -K if both are given. */
	readonly keyFiles: readonly string[];
	/** -K. */
	readonly newKeys: readonly KeySpec[];
	/** Words that are no options: C ignores them, we say so. */
	readonly ignored: readonly string[];
}

type Draft = { -readonly [Key in keyof ReceiverArguments]: ReceiverArguments[Key] };

/** Reads the words behind the program's name. Throws a `CommandError`; `posix` says that POSIXLY_CORRECT is set. */
export function parseReceiverArguments(words: readonly string[], posix = false): ReceiverArguments {
	const split = splitCommandLine('uftpd', words, LETTERS, posix);
	if (!split.ok) throw new CommandError(ExitCode.Parameters, split.message, true);
	const draft = defaults();
	for (const { letter, value } of split.options) apply[letter](draft, value);
	draft.ignored = split.operands;
	const fault = contradiction(draft);
	if (fault !== undefined) throw new CommandError(ExitCode.Parameters, fault);
	if (draft.keyFiles.length > 0 && draft.newKeys.length > 0 && draft.keyFiles.length !== draft.newKeys.length) {
		throw new CommandError(
			ExitCode.Parameters,
			`Must list same number of items for -k and -K: ${draft.keyFiles.length} files and ${draft.newKeys.length} keys to make.`,
		);
	}
	return draft;
}

function defaults(): Draft {
	return {
		foreground: false,
		port: 1044,
		networkInterfaces: [],
		publicGroups: ['230.4.4.1'],
		receiverId: undefined,
		bufferBytes: BUFFER_BYTES_INITIAL,
		destinations: ['/tmp'],
		logLevel: 2,
		skipHostNames: false,
		logFile: '/tmp/uftpd.log',
		pidFile: undefined,
		temporaryNames: false,
		inPlace: false,
		temporaryDirectory: undefined,
		moveOneByOne: false,
		backups: [],
		statusFile: undefined,
		script: undefined,
		logBytesMax: undefined,
		logCount: LOG_COUNT_INITIAL,
		dscp: 0,
		priority: undefined,
		heartbeatTargets: [],
		heartbeatSeconds: 20,
		encryptedOnly: false,
		senderList: undefined,
		responseProxy: undefined,
		keyFiles: [],
		newKeys: [],
		ignored: [],
	};
}

const apply: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
	d: (draft) => (draft.foreground = true),
	p: (draft, value) => (draft.port = wholeNumber('p', value, 1, 65_535, 'Invalid port')),
	I: (draft, value) => (draft.networkInterfaces = namesOf('I', value, 'interface')),
	M: (draft, value) => (draft.publicGroups = namesOf('M', value, 'multicast address')),
	U: (draft, value) => (draft.receiverId = uidOption(value)),
	B: (draft, value) => (draft.bufferBytes = bufferBytes(value, 'Invalid buffer size')),
	D: (draft, value) => (draft.destinations = foldersOf('D', value, 'dest directory')),
	T: (draft, value) => (draft.temporaryDirectory = absolute(value, 'temp directory')),
	A: (draft, value) => (draft.backups = foldersOf('A', value, 'backup directory')),
	i: (draft) => (draft.moveOneByOne = true),
	F: (draft, value) => (draft.statusFile = value),
	s: (draft, value) => (draft.script = absolute(value, 'postreceive script')),
	g: (draft, value) => (draft.logBytesMax = logBytesMax(value)),
	n: (draft, value) => (draft.logCount = logCount(value)),
	Q: (draft, value) => (draft.dscp = codePoint(value)),
	N: (draft, value) => (draft.priority = wholeNumber('N', value, -20, 19, 'Invalid priority value')),
	H: (draft, value) => (draft.heartbeatTargets = namesOf('H', value, 'proxy')),
	h: (draft, value) => (draft.heartbeatSeconds = wholeNumber('h', value, 1, 3600, 'Invalid heartbeat interval')),
	// Blocks go straight to their place in the file, and the system writes them out: there is no cache to size.
	c: (_draft, value) => void wholeNumber('c', value, 10_240, 20_971_520, 'Invalid cache size'),
	'in-place': (draft) => (draft.inPlace = true),
	// Files have a temporary name until they are complete, unless they are written in place.
	t: (draft) => (draft.temporaryNames = true),
	// Where private keys are kept on Windows: nothing here.
	m: () => {},
	x: (draft, value) => (draft.logLevel = logLevel(value)),
	q: (draft) => (draft.skipHostNames = true),
	L: (draft, value) => (draft.logFile = value),
	P: (draft, value) => (draft.pidFile = value),
	E: (draft) => (draft.encryptedOnly = true),
	S: (draft, value) => (draft.senderList = value),
	R: (draft, value) => (draft.responseProxy = value),
	k: (draft, value) => (draft.keyFiles = namesOf('k', value, 'key file')),
	K: (draft, value) => (draft.newKeys = namesOf('K', value, 'key').map(keySpec)),
};

/** One key of -K, or exit 1 with C's words. */
export function keySpec(text: string): KeySpec {
	const spec = parseKeySpec(text);
	if (!('wrong' in spec)) return spec;
	const value = text.slice(text.indexOf(':') + 1);
	const why = {
		size: `Invalid RSA key size: ${value}: rsa: takes 512 to 2048 bits.`,
		curve: `Invalid EC curve: ${value}: ${CURVE_HINT}.`,
		form: `Invalid keyinfo entry: ${text}: -K takes rsa:BITS or ec:CURVE, several with commas between them.`,
	};
	throw new CommandError(ExitCode.Parameters, why[spec.wrong]);
}

function namesOf(letter: string, text: string, what: string): string[] {
	const names = commaList(text);
	if (names.length > 0) return names;
	throw new CommandError(ExitCode.Parameters, `uftpd: -${letter} names no ${what}.`);
}

/** The syntax only; whether the folders are there is looked up by `openSink`. */
function foldersOf(letter: string, text: string, what: string): string[] {
	const folders = namesOf(letter, text, what);
	if (folders.length <= DESTINATIONS_MAX) return folders.map((folder) => absolute(folder, what));
	throw new CommandError(
		ExitCode.Parameters,
		`ERROR: -${letter} takes at most ${DESTINATIONS_MAX} directories, not ${folders.length}.`,
	);
}

function absolute(given: string, what: string): string {
	if (given.startsWith('/')) return resolvePath(given);
	throw new CommandError(
		ExitCode.Parameters,
		`ERROR: must specify absolute pathname for ${what}, "${given}" is relative: write it from "/" on.`,
	);
}

/** What does not go together, in C's words. */
function contradiction(draft: Draft): string | undefined {
	const { temporaryDirectory, temporaryNames, inPlace, backups, destinations } = draft;
	if (backups.length > 0 && backups.length !== destinations.length) {
		return `Must specify same number of backup directories as destination directories: -A has ${backups.length}, -D ${destinations.length}.`;
	}
	const same = backups.find((folder, i) => folder === destinations[i]);
	if (same !== undefined) {
		return `ERROR: corresponding backup dir and dest dir must be different: ${same} is both. Name another one with -A.`;
	}
	if (inPlace && temporaryNames) return 'Cannot specify both --in-place and -t: leave one of them out.';
	if (temporaryDirectory === undefined) return undefined;
	if (inPlace)
		return 'Cannot specify both --in-place and -T: sessions are received into a folder of their own with -T.';
	if (destinations.length > 1) {
		return 'ERROR: Cannot use a temp directory with multiple dest directories: leave -T out, or name one with -D.';
	}
	if (destinations.includes(temporaryDirectory)) {
		return `ERROR: temp dir and dest dir must be different: ${temporaryDirectory} is both. Name another one with -T.`;
	}
	if (backups.length > 0) return 'Cannot specify both -A and -T: a session that is moved as a whole keeps no backups.';
	return temporaryNames ? 'Cannot specify both -t and -T: leave one of them out.' : undefined;
}
