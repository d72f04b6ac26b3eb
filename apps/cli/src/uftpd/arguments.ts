/** The command line of `uftpd`: the flags of UFTP 4.10.2 with their ranges, defaults and refusals. */
import path from 'node:path';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { splitCommandLine } from '../drop-in/getopt.ts';
import { CURVE_HINT, type KeySpec, parseKeySpec } from '../drop-in/keys.ts';
import {
	BUFFER_BYTES_INITIAL,
	bufferBytes,
	commaList,
	logLevel,
	uidOption,
	wholeNumber,
} from '../drop-in/option-values.ts';

export const RECEIVER_USAGE = `uftpd [ -d ] [ -p port ] [ -B buf_size ] [ -U UID ] [ -x log_level ] [ -q ] [ -E ]
    [ -S serverlist_file | -S folder ] [ -k keyfile[,keyfile...] ]
    [ -K rsa:key_len | ec:curve[,rsa:key_len | ec:curve...] ]
    [ -D dest_dir[,dest_dir...] ] [ -L logfile ] [ -P pidfile ]
    [ -I interface[,interface...] ] [ -M pub_mcast_addr[,pub_mcast_addr...] ]`;

/** As in C. */
const DESTINATIONS_MAX = 10;

const OURS = { withValue: 'pIMUBDxLPSkK', plain: 'dqE' };
/** What 4.10.2 has beyond that: known, so that the refusal can say that it is not a typing error. */
const NOT_YET = { withValue: 'QTAFRcNsgnHh', plain: 'tmi' };

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
	/** -E: sessions in the clear are refused. */
	readonly encryptedOnly: boolean;
	/** -S as given: a file, or a folder of files. */
	readonly senderList: string | undefined;
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
	const letters = { withValue: OURS.withValue + NOT_YET.withValue, plain: OURS.plain + NOT_YET.plain };
	const split = splitCommandLine('uftpd', words, letters, posix);
	if (!split.ok) throw new CommandError(ExitCode.Parameters, split.message, true);
	const draft = defaults();
	for (const { letter, value } of split.options) {
		if (!(OURS.withValue + OURS.plain).includes(letter)) {
			throw new CommandError(
				ExitCode.Parameters,
				`uftpd: option -${letter} is one of UFTP 4.10.2 that this uftpd does not have yet. Leave it out, or use the C program on this host.`,
			);
		}
		apply[letter](draft, value);
	}
	draft.ignored = split.operands;
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
		encryptedOnly: false,
		senderList: undefined,
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
	D: (draft, value) => (draft.destinations = destinationsOf(value)),
	x: (draft, value) => (draft.logLevel = logLevel(value)),
	q: (draft) => (draft.skipHostNames = true),
	L: (draft, value) => (draft.logFile = value),
	P: (draft, value) => (draft.pidFile = value),
	E: (draft) => (draft.encryptedOnly = true),
	S: (draft, value) => (draft.senderList = value),
	k: (draft, value) => (draft.keyFiles = namesOf('k', value, 'key file')),
	K: (draft, value) => (draft.newKeys = namesOf('K', value, 'key').map(keySpec)),
};

function keySpec(text: string): KeySpec {
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

/** The syntax only; whether the folders are there is looked up by `checkDestinations`. */
function destinationsOf(text: string): string[] {
	const folders = namesOf('D', text, 'destination directory');
	if (folders.length > DESTINATIONS_MAX) {
		throw new CommandError(
			ExitCode.Parameters,
			`ERROR: -D takes at most ${DESTINATIONS_MAX} dest directories, not ${folders.length}.`,
		);
	}
	const relative = folders.find((folder) => !path.isAbsolute(folder));
	if (relative === undefined) return folders.map((folder) => path.normalize(folder));
	throw new CommandError(
		ExitCode.Parameters,
		`ERROR: must specify absolute pathname for dest directory, "${relative}" is relative: write it from "/" on.`,
	);
}
