/** With which exit code C ends for what keeps a daemon of the library from being opened. */
import { describeError, EndpointError } from '@uftp/endpoint/problems';
import { CommandError, ExitCode } from './command-error.ts';
import { COMMAND_VOCABULARY } from './vocabulary.ts';

/** 1 for settings that cannot be, 2 for what the network refuses; `name` is the program's. Other errors as they are. */
export function asOpeningError(error: unknown, name: string): unknown {
	if (!(error instanceof EndpointError)) return error;
	const { code, facts } = error;
	const sentence = describeError(error, COMMAND_VOCABULARY);
	switch (code) {
		case 'interface-unknown':
		case 'outgoing-interface-unknown':
			return new CommandError(ExitCode.Parameters, `Invalid name/address ${facts.wanted}: ${sentence}`);
		case 'outgoing-interface-missing':
			return new CommandError(ExitCode.Network, `Error getting an outgoing interface: ${sentence}`);
		case 'interface-missing':
		case 'interface-without-family':
		case 'uid-underivable':
			return new CommandError(ExitCode.Network, sentence);
		case 'socket-failed':
			return new CommandError(
				facts.systemCode === 'EDSCP' ? ExitCode.Parameters : ExitCode.Network,
				`${name}: ${sentence}`,
			);
		default:
			return new CommandError(ExitCode.Parameters, `${name}: ${sentence}`);
	}
}
