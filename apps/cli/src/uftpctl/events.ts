/** `uftpctl events`: follows everything that happens on the bus. */
import type { Message } from '@uftp/bus';
import { connectCommandBus } from './command-bus.ts';
import { ExitCode } from './exit-code.ts';
import { jobOf, readEvent, type SeenEvent } from './jobs/job-watch.ts';
import { has, type OptionSpec, optionHelp, optionOf, parseOptions, refuseWords } from './options.ts';
import { jsonLine, printable, say, tell } from './terminal.ts';

const specs: readonly OptionSpec[] = [
	{ name: '--job', value: 'ID', help: 'only events of this job' },
	{ name: '--json', help: 'one line of JSON per event, as it came' },
	{ name: '--help', help: 'this text' },
];

export const eventsHelp = `Usage: uftpctl events [options]

Shows the events of all jobs, sessions, files, receivers and proxies until it is interrupted.

${optionHelp(specs)}`;

/** Runs the command and returns its exit code. Throws a CommandEnd. */
export async function events(words: readonly string[]): Promise<number> {
	const line = parseOptions('events', words, specs);
	if (has(line, '--help')) {
		say(eventsHelp);
		return ExitCode.Done;
	}
	refuseWords('events', line);
	const job = optionOf(line, '--job');
	const isJson = has(line, '--json');
	const { bus, subjects } = await connectCommandBus();
	const ended = new Promise<void>((resolve) => {
		for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
		bus.onStatus((status) => {
			if (status.type === 'disconnected')
				tell('The connection to the bus is down: events are missed until it is back.');
			if (status.type === 'reconnected') tell('The bus is back.');
		});
	});
	bus.subscribe(subjects.allEvents, (message: Message) => {
		const event = readEvent(message);
		if (event === undefined) {
			if (job === undefined && !isJson) tell(`Something on ${printable(message.subject)} is no event.`);
			return;
		}
		if (job !== undefined && jobOf(event) !== job) return;
		say(isJson ? jsonLine(event.envelope) : eventText(event));
	});
	if (!isJson) tell(`Listening on ${subjects.allEvents} at ${bus.url}; Ctrl-C ends.`);
	await ended;
	await bus.close();
	return ExitCode.Done;
}

/** Fields in the order in which a reader wants them; lists are counted. */
const order = ['name', 'uid', 'outcome', 'percent', 'etaSeconds', 'pass', 'receivers', 'seconds', 'reason'];

/** "08:51:26.970 file completed  name=k.bin ...". */
export function eventText({ kind, envelope }: SeenEvent): string {
	const { phase, ...data } = envelope.data as { phase: string } & Record<string, unknown>;
	const names = [...order.filter((name) => name in data), ...Object.keys(data).filter((name) => !order.includes(name))];
	const fields = names.map((name) => `${name}=${fieldText(data[name])}`);
	const source = envelope.source.split('/').slice(2).join(' ');
	return printable(`${envelope.time.slice(11, 23)} ${kind} ${phase}  ${fields.join(' ')}  (${source})`);
}

function fieldText(value: unknown): string {
	if (Array.isArray(value)) return `${value.length}`;
	if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
	return JSON.stringify(value);
}
