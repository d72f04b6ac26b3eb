/** `uftpctl up`: everything in one process on this machine, until it is interrupted. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LogLevel } from '@uftp/service-kit';
import { CommandEnd, ExitCode, usageError } from './exit-code.ts';
import {
	type CommandLine,
	has,
	numberOf,
	type OptionSpec,
	optionHelp,
	optionOf,
	parseOptions,
	refuseWords,
} from './options.ts';
import { type Settings, startStack } from './stack.ts';
import { say, tell } from './terminal.ts';
import { textLogger } from './text-logger.ts';

const specs: readonly OptionSpec[] = [
	{
		name: '--root',
		value: 'LABEL=PATH',
		isRepeatable: true,
		help: 'folder that jobs may send from; none is declared by itself',
	},
	{ name: '--dest', value: 'DIR', help: 'receive into DIR; without it there is no receiver' },
	{ name: '--receivers', value: 'N', help: 'so many receivers, into DIR/1 to DIR/N (default 1, into DIR itself)' },
	{ name: '--interface', value: 'NAME', help: 'name, number, address or network; the loopback only if named here' },
	{ name: '--port', value: 'PORT', help: 'UDP port (default 1044)' },
	{ name: '--group', value: 'ADDRESS', help: 'multicast group of the announcements (default 230.4.4.1)' },
	{
		name: '--rate',
		value: 'KBPS',
		help: 'rate of jobs that name none (default -1: as fast as the receivers can take it)',
	},
	{ name: '--congestion', value: 'HOW', help: 'congestion control of jobs that name no rate, as for send' },
	{ name: '--state-dir', value: 'DIR', help: 'folder that keeps keys, UIDs and the keys of receivers' },
	{ name: '--bus-port', value: 'PORT', help: 'TCP port of the bus on 127.0.0.1 (default 4222, or a free one)' },
	{ name: '--token', value: 'TEXT', help: 'what programs have to show to the bus (default: a new one at each start)' },
	{ name: '--no-token', help: 'let every user of this machine use the bus' },
	{ name: '--log-level', value: 'LEVEL', help: 'debug, info, warn or error (default info)' },
	{ name: '--help', help: 'this text' },
];

export const upHelp = `Usage: uftpctl up [options]

Runs registry, sender and receivers in one process. They talk over a bus in memory, which other programs of this machine
reach by NATS's text protocol on 127.0.0.1; "uftpctl send" and the others find it by themselves. With NATS_URL set, that
bus is used instead.

${optionHelp(specs)}

Example
  uftpctl up --root films=/srv/films --dest /srv/inbox --receivers 3 --interface lo`;

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Runs the command and returns its exit code. Throws a CommandEnd. */
export async function up(words: readonly string[]): Promise<number> {
	const line = parseOptions('up', words, specs);
	if (has(line, '--help')) {
		say(upHelp);
		return ExitCode.Done;
	}
	refuseWords('up', line);
	const level = levelOf(optionOf(line, '--log-level') ?? 'info');
	const common = commonSettings(line);
	const natsUrl = process.env['NATS_URL'] || undefined;
	const stack = await startStack({
		natsUrl,
		busPort: numberOf(line, '--bus-port', 1, 65_535),
		token: tokenOf(line),
		isAnnounced: natsUrl === undefined,
		sender: {
			...common,
			roots: rootsOf(line),
			...setting('rateKbps', optionOf(line, '--rate')),
			...setting('congestion', optionOf(line, '--congestion')),
			...setting('stateDir', optionOf(line, '--state-dir')),
		},
		receivers: destinationsOf(line).map((destination) => ({
			...common,
			destination,
			...setting('stateDir', optionOf(line, '--state-dir')),
		})),
		lossShare: 0,
		loggerOf: (role) => textLogger(role, () => level),
	});
	tell(`The bus is at ${stack.busUrl}\nCtrl-C ends.`);
	await interrupted();
	await stack.stop();
	return ExitCode.Done;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function interrupted(): Promise<void> {
	return new Promise((resolve) => {
		let isAsked = false;
		for (const name of ['SIGINT', 'SIGTERM'] as const) {
			process.on(name, () => {
				if (isAsked) process.exit(ExitCode.Interrupted);
				isAsked = true;
				resolve();
			});
		}
	});
}

function commonSettings(line: CommandLine): Settings {
	return {
		...setting('interface', optionOf(line, '--interface')),
		...setting('port', optionOf(line, '--port')),
		...setting('publicAddress', optionOf(line, '--group')),
	};
}

function setting(name: string, value: string | undefined): Settings {
	return value === undefined ? {} : { [name]: value };
}

function rootsOf(line: CommandLine): string {
	const roots = (line.options.get('--root') ?? []).map((root) => {
		const [, label, path] = /^([^=]+)=(.+)$/.exec(root) ?? [];
		if (label === undefined || path === undefined)
			throw usageError(`--root ${JSON.stringify(root)} is not LABEL=PATH.`);
		if (path.includes(',')) throw usageError(`--root ${JSON.stringify(root)}: a path with a comma cannot be a root.`);
		return `${label}=${resolve(path)}`;
	});
	return roots.join(',');
}

function destinationsOf(line: CommandLine): string[] {
	const count = numberOf(line, '--receivers', 0, 100);
	const given = optionOf(line, '--dest');
	if (given === undefined) {
		if (count !== undefined && count > 0) throw usageError('--receivers needs --dest: where are they to store files?');
		return [];
	}
	const base = resolve(given);
	const folders = count === undefined ? [base] : Array.from({ length: count }, (_, i) => join(base, String(i + 1)));
	for (const folder of folders) {
		try {
			mkdirSync(folder, { recursive: true });
		} catch (error) {
			throw new CommandEnd(ExitCode.Failed, `The folder ${folder} cannot be made: ${(error as Error).message}.`);
		}
	}
	return folders;
}

function tokenOf(line: CommandLine): string | undefined {
	const token = optionOf(line, '--token');
	if (has(line, '--no-token')) {
		if (token !== undefined) throw usageError('--token and --no-token contradict each other.');
		return undefined;
	}
	return token ?? crypto.randomUUID();
}

function levelOf(text: string): LogLevel {
	const level = levels.find((each) => each === text);
	if (level === undefined) throw usageError(`--log-level ${JSON.stringify(text)} is not one of ${levels.join(', ')}.`);
	return level;
}
