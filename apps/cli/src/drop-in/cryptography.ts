/** The cryptography of this process, loaded only by commands that need it. */
import { type Cryptography, openCryptography as open } from '@uftp/endpoint/identity';
import { describeError } from '@uftp/endpoint/problems';
import { CommandError, ExitCode } from './command-error.ts';
import { COMMAND_VOCABULARY } from './vocabulary.ts';

export type { Cryptography };

/** Chooses the library by self-test. Throws a `CommandError` (exit 3, as for keys). */
export async function openCryptography(): Promise<Cryptography> {
	try {
		return await open(process.env[COMMAND_VOCABULARY.cryptography]);
	} catch (error) {
		throw new CommandError(ExitCode.Keys, describeError(error, COMMAND_VOCABULARY));
	}
}
