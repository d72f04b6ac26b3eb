/** Exit codes of `uftpctl`, and the error that carries one. */

export const ExitCode = {
	/** Every targeted receiver has every file; other commands: done. */
	Done: 0,
	/** Something else went wrong; the sentence says what. */
	Failed: 1,
	/** The command line is wrong. */
	Usage: 2,
	/** There is no bus, or nobody on it that could do the work. */
	NoBus: 3,
	/** The job was refused: nothing was sent. */
	Refused: 4,
	/** Some receivers have everything, others do not. */
	Partial: 5,
	/** No receiver has everything, or none answered. */
	Nobody: 6,
	/** Ctrl-C. */
	Interrupted: 130,
} as const;

/** Ends a command: a sentence for stderr and an exit code. */
export class CommandEnd extends Error {
	override readonly name = 'CommandEnd';
	readonly exitCode: number;

	constructor(exitCode: number, message: string) {
		super(message);
		this.exitCode = exitCode;
	}
}

export function usageError(message: string): CommandEnd {
	return new CommandEnd(ExitCode.Usage, message);
}

/** The table for --help. */
export const exitCodeHelp = `Exit codes
  0    every targeted receiver has every file (other commands: done)
  1    something else went wrong; the sentence says what
  2    the command line is wrong
  3    no bus, or no sender on it
  4    the job was refused; nothing was sent
  5    some receivers have everything, others do not
  6    no receiver has everything, or none answered
  130  interrupted (Ctrl-C)`;
