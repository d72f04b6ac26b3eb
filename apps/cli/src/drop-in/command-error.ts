/**
 * Why a drop-in command ends before its work: the message is for stderr, the code is the one that UFTP 4.10.2 exits
 * with in the same case.
 */
export class CommandError extends Error {
	override readonly name = 'CommandError';
	readonly exitCode: number;
	/** Print the usage below the message. */
	readonly showUsage: boolean;

	constructor(exitCode: number, message: string, showUsage = false) {
		super(message);
		this.exitCode = exitCode;
		this.showUsage = showUsage;
	}
}

/** Exit codes that the commands share (their manuals, EXIT STATUS). */
export const ExitCode = {
	Done: 0,
	Parameters: 1,
	Network: 2,
	Keys: 3,
	LogFile: 4,
	Resources: 5,
	Interrupted: 6,
} as const;

/** What the system said, without the call and the path that Node puts behind it: "no such file or directory". */
export function systemReason(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	const match = /^[A-Z0-9_]+: (.*?)(, \w+.*)?$/.exec(text);
	return match?.[1] ?? text;
}
