/** -C: whether the rate is fixed, or follows what the receivers report (TFMCC), within which bounds. */
import type { CongestionConfig } from '@uftp/protocol';
import { congestionForm, parseCongestion } from '@uftp/protocol/sender';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';

/** `none`, or `tfmcc` with its bounds. Throws a CommandError. */
export function congestionOption(text: string): CongestionConfig | undefined {
	const read = parseCongestion(text);
	if (read.ok) return read.value;
	throw new CommandError(ExitCode.Parameters, `${read.problem}: -C takes ${congestionForm}, not "${text}".`);
}
