/** `uftpctl`: the commands, each loaded only when it is used. */
import { hasEscapedBytes } from '@uftp/wire';
import { CommandEnd, ExitCode, exitCodeHelp } from './exit-code.ts';
import { printable, say, tell } from './terminal.ts';

type Command = (words: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Command> }>> = {
	up: {
		about: 'run bus, registry, sender and receivers in one process',
		load: async () => (await import('./up.ts')).up,
	},
	send: {
		about: 'send files and show how far they are',
		load: async () => (await import('./jobs/send.ts')).send,
	},
	cancel: {
		about: 'end a job that waits or runs',
		load: async () => (await import('./jobs/cancel.ts')).cancel,
	},
	events: {
		about: 'show everything that happens',
		load: async () => (await import('./events.ts')).events,
	},
	clients: {
		about: 'list the receivers that are there',
		load: async () => (await import('./clients.ts')).clients,
	},
	keys: {
		about: 'show keys, make them, say which receivers are trusted',
		load: async () => (await import('./keys/keys.ts')).keys,
	},
	lab: {
		about: 'show it all at work on the loopback interface of this machine',
		load: async () => (await import('./lab.ts')).lab,
	},
};

function usage(): string {
	const list = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`);
	return `Usage: uftpctl COMMAND [options]

Distributes files to many receivers by UDP multicast, coordinated over a message bus.

Commands
${list.join('\n')}

"uftpctl COMMAND --help" says more.

${exitCodeHelp}`;
}

/** Runs the command that the words name; returns the exit code. */
export async function uftpctl(words: readonly string[]): Promise<number> {
	const [name, ...rest] = words;
	if (name === '--help' || name === '-h' || name === 'help') {
		say(usage());
		return ExitCode.Done;
	}
	const command = name === undefined || !Object.hasOwn(commands, name) ? undefined : commands[name];
	if (command === undefined) {
		tell(name === undefined ? usage() : `uftpctl has no command ${JSON.stringify(name)}: see "uftpctl --help".`);
		return ExitCode.Usage;
	}
	const odd = rest.find(hasEscapedBytes);
	if (odd !== undefined) {
		tell(
			`uftpctl ${name}: "${printable(odd)}" is not UTF-8, and the messages of the bus carry nothing else. ` +
				'Send the folder above it, send the file with "uftp", or rename it.',
		);
		return ExitCode.Refused;
	}
	try {
		return await (await command.load())(rest);
	} catch (error) {
		if (error instanceof CommandEnd) {
			tell(`uftpctl ${name}: ${printable(error.message)}`);
			return error.exitCode;
		}
		tell(`uftpctl ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
		return ExitCode.Failed;
	}
}
