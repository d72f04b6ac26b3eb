/** `uftpctl keys`: whose keys are there, new ones, and which receivers the senders of this user trust. */
import { formatFingerprint, KeyError, parseFingerprint } from '@uftp/crypto';
import { KnownKeys, loadKeyFile, stateDirectory, storeNewKeyFile } from '@uftp/endpoint/identity';
import { EndpointError } from '@uftp/endpoint/problems';
import { formatUid, parseUid } from '@uftp/wire';
import { CommandError } from '../../drop-in/command-error.ts';
import { openCryptography } from '../../drop-in/cryptography.ts';
import { makeKey, parseKeySpec } from '../../drop-in/keys.ts';
import { connectCommandBus } from '../command-bus.ts';
import { CommandEnd, ExitCode, usageError } from '../exit-code.ts';
import { type CommandLine, has, type OptionSpec, optionHelp, optionOf, parseOptions } from '../options.ts';
import { registryNodes } from '../registry-nodes.ts';
import { jsonLine, printable, say } from '../terminal.ts';
import { keyRows, keysText } from './key-table.ts';

const specs: readonly OptionSpec[] = [
	{ name: '--kind', value: 'KIND', help: 'for new: ec:CURVE or rsa:BITS (default ec:prime256v1)' },
	{ name: '--state-dir', value: 'DIR', help: 'where the sender keeps the keys of receivers (UFTP_STATE_DIR)' },
	{ name: '--json', help: 'for show: one line of JSON per key' },
	{ name: '--help', help: 'this text' },
];

export const keysHelp = `Usage: uftpctl keys show                      keys of all nodes, and which of them are trusted
       uftpctl keys new FILE [--kind KIND]    make a private key; never overwrites
       uftpctl keys fingerprint FILE...       the fingerprint of private keys
       uftpctl keys trust UID [FINGERPRINT]   tie a receiver to a key: the one given, or the one it shows now
       uftpctl keys revoke UID|FINGERPRINT    never send to a receiver with this key again

A sender ties each receiver to the key that it has in its first encrypted session, and refuses any other from then on.
The list is the file "known-receivers" in the state directory of the sender's user on the sender's host; there these
commands change it. "uftp -H @known-receivers" takes it too.

${optionHelp(specs)}`;

type Action = (line: CommandLine, words: readonly string[]) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { show, new: make, fingerprint: fingerprints, trust, revoke };

/** Runs the command and returns its exit code. Throws a CommandEnd. */
export async function keys(given: readonly string[]): Promise<number> {
	const line = parseOptions('keys', given, specs);
	if (has(line, '--help')) {
		say(keysHelp);
		return ExitCode.Done;
	}
	const [name, ...words] = line.words;
	const action = name === undefined || !Object.hasOwn(actions, name) ? undefined : actions[name];
	if (action === undefined) {
		const known = Object.keys(actions).join(', ');
		throw usageError(
			name === undefined ? `uftpctl keys needs one of ${known}.` : `uftpctl keys has no ${name}: there is ${known}.`,
		);
	}
	try {
		await action(line, words);
	} catch (error) {
		if (error instanceof EndpointError || error instanceof KeyError || error instanceof CommandError) {
			throw new CommandEnd(ExitCode.Refused, error.message);
		}
		throw error;
	}
	return ExitCode.Done;
}

async function show(line: CommandLine, words: readonly string[]): Promise<void> {
	count(words, 0, 0, 'show');
	const known = readKnown(line);
	const bus = await connectCommandBus();
	try {
		const rows = keyRows(await registryNodes(bus, {}), known);
		if (has(line, '--json')) for (const row of rows) say(jsonLine(row));
		else say(keysText(rows));
	} finally {
		await bus.bus.close();
	}
}

async function make(line: CommandLine, words: readonly string[]): Promise<void> {
	const [file] = count(words, 1, 1, 'new FILE');
	const kind = optionOf(line, '--kind') ?? 'ec:prime256v1';
	const spec = parseKeySpec(kind);
	if ('wrong' in spec) throw usageError(`--kind ${JSON.stringify(kind)} is neither ec:CURVE nor rsa:512 to rsa:2048.`);
	const key = makeKey(await openCryptography(), spec);
	storeNewKeyFile(file as string, key);
	say(`${printable(file)}: ${formatFingerprint(key.publicKey.fingerprint)}`);
}

async function fingerprints(_: CommandLine, words: readonly string[]): Promise<void> {
	count(words, 1, Number.POSITIVE_INFINITY, 'fingerprint FILE...');
	const { backend } = await openCryptography();
	for (const file of words)
		say(`${printable(file)}: ${formatFingerprint(loadKeyFile(backend, file).key.publicKey.fingerprint)}`);
}

async function trust(line: CommandLine, words: readonly string[]): Promise<void> {
	const [uid, given] = count(words, 1, 2, 'trust UID [FINGERPRINT]');
	const id = receiverId(uid as string);
	const print = given === undefined ? await shownBy(id) : fingerprintOf(given);
	const known = readKnown(line);
	const before = known.of(id);
	known.trust(id, print);
	const text = formatFingerprint(print);
	const instead = before === undefined || before === text ? '' : `, no longer to ${before}`;
	say(`${formatUid(id)} is tied to ${text}${instead}.`);
}

async function revoke(line: CommandLine, words: readonly string[]): Promise<void> {
	const [word] = count(words, 1, 1, 'revoke UID|FINGERPRINT');
	const known = readKnown(line);
	const print = parseFingerprint(word as string);
	if (print !== undefined) {
		const text = formatFingerprint(print);
		const id = known.all.find(([, other]) => other === text)?.[0] ?? (await ownerOf(text));
		if (id === undefined) {
			throw new CommandEnd(ExitCode.Refused, `Nobody that is known has the key ${text}: give the UID of its receiver.`);
		}
		known.revoke(id, print);
		say(`The key ${text} of ${formatUid(id)} is revoked.`);
		return;
	}
	const id = receiverId(word as string);
	const pinned = known.of(id);
	const bytes = pinned === undefined ? await shownBy(id) : fingerprintOf(pinned);
	known.revoke(id, bytes);
	say(`The key ${formatFingerprint(bytes)} of ${formatUid(id)} is revoked.`);
}

/** The key that a receiver shows in its heartbeats, by the registry. */
async function shownBy(id: number): Promise<Uint8Array> {
	const nodes = await receivers();
	const print = nodes.find(({ heartbeat }) => heartbeat.uid === formatUid(id))?.heartbeat.keys?.[0]?.fingerprint;
	if (print !== undefined) return fingerprintOf(print);
	throw new CommandEnd(
		ExitCode.Refused,
		`The registry knows no key of ${formatUid(id)}: give its fingerprint ("uftpctl keys fingerprint FILE" shows it there).`,
	);
}

async function ownerOf(fingerprint: string): Promise<number | undefined> {
	const node = (await receivers()).find(({ heartbeat }) =>
		heartbeat.keys?.some((key) => key.fingerprint === fingerprint),
	);
	return node?.heartbeat.uid === undefined ? undefined : parseUid(node.heartbeat.uid);
}

async function receivers() {
	const bus = await connectCommandBus();
	try {
		return await registryNodes(bus, { role: 'receiver', lost: true });
	} finally {
		await bus.bus.close();
	}
}

function readKnown(line: CommandLine): KnownKeys {
	try {
		return KnownKeys.read(
			stateDirectory(optionOf(line, '--state-dir') ?? (process.env['UFTP_STATE_DIR'] || undefined)),
		);
	} catch (error) {
		throw new CommandEnd(ExitCode.Refused, (error as Error).message);
	}
}

function receiverId(text: string): number {
	const id = parseUid(text);
	if (id !== undefined) return id;
	throw usageError(`${JSON.stringify(text)} is no UID such as 0x0A630002.`);
}

function fingerprintOf(text: string): Uint8Array {
	const print = parseFingerprint(text);
	if (print !== undefined) return print;
	throw usageError(`${JSON.stringify(text)} is no fingerprint: 20 pairs of hex digits with colons between them.`);
}

function count(words: readonly string[], least: number, most: number, form: string): readonly string[] {
	if (words.length >= least && words.length <= most) return words;
	throw usageError(`It is written: uftpctl keys ${form}.`);
}
