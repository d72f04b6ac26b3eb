/** Lists of -H, -j and -S: as the services read them, with C's exit code for what is wrong. */
import { ListError, listedFingerprint as listed } from '@uftp/endpoint/identity';
import { CommandError, ExitCode } from './command-error.ts';

export { listLines, readLines, readText } from '@uftp/endpoint/identity';

/** The fingerprint in a list, or exit 1; C reads what is none as zeros, which then fits no key. */
export function listedFingerprint(text: string | undefined, place: string): Uint8Array | undefined {
	try {
		return listed(text, place);
	} catch (error) {
		throw asCommandError(error);
	}
}

/** A list that is wrong ends the command with exit code 1. */
export function asCommandError(error: unknown): unknown {
	return error instanceof ListError ? new CommandError(ExitCode.Parameters, error.message) : error;
}
