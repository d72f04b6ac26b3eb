/** The bus that a command uses: NATS_URL, else the one that a running `uftpctl up` offers on this machine. */
import {
	type Bus,
	BusError,
	connectBus,
	credentialsIn,
	findLocalBus,
	NoResponders,
	RequestTimeout,
	type Subjects,
	subjects,
} from '@uftp/bus';
import { CommandEnd, ExitCode } from './exit-code.ts';

export interface CommandBus {
	readonly bus: Bus;
	readonly subjects: Subjects;
}

/** Connects. Throws a CommandEnd with a sentence if there is no bus. */
export async function connectCommandBus(): Promise<CommandBus> {
	const configured = process.env['NATS_URL'];
	const isConfigured = configured !== undefined && configured !== '';
	const url = isConfigured ? configured : findLocalBus()?.url;
	if (url === undefined) {
		throw new CommandEnd(
			ExitCode.NoBus,
			'There is no bus: start everything on this machine with "uftpctl up", or set NATS_URL to the address of a nats-server.',
		);
	}
	try {
		// The address of a local bus has a token of its own.
		const credentials = isConfigured ? credentialsIn(process.env) : {};
		const bus = await connectBus(url, { name: 'uftpctl', connectTimeoutMs: 3000, ...credentials });
		return { bus, subjects: subjects(prefix()) };
	} catch (error) {
		if (!(error instanceof BusError)) throw error;
		throw new CommandEnd(ExitCode.NoBus, error.message);
	}
}

function prefix(): string | undefined {
	const value = process.env['UFTP_SUBJECT_PREFIX'];
	return value === '' ? undefined : value;
}

/** Asks and reads the answer as JSON; `nobody` is what is said where nobody answers. */
export async function ask(bus: Bus, subject: string, question: object, nobody: string): Promise<unknown> {
	try {
		const message = await bus.request(subject, question, { timeoutMs: 60_000 });
		return message.json();
	} catch (error) {
		if (error instanceof NoResponders) throw new CommandEnd(ExitCode.NoBus, nobody);
		if (error instanceof RequestTimeout) throw new CommandEnd(ExitCode.NoBus, error.message);
		if (error instanceof SyntaxError) throw new CommandEnd(ExitCode.Failed, `The answer on ${subject} is not JSON.`);
		if (error instanceof BusError) throw new CommandEnd(ExitCode.NoBus, error.message);
		throw error;
	}
}
