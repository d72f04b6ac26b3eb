/** What is thrown where a job is handled: for the log, and as the reason why the job fails. */
import { describeError } from '@uftp/endpoint/problems';
import { type Logger, shortened } from '@uftp/service-kit';
import { SERVICE_VOCABULARY } from '../vocabulary.ts';
import type { Refusal } from './job-files.ts';

/** Writes what was thrown to the log, and returns it as a reason. Never throws, even if the log does. */
export function jobFault(id: string, error: unknown, logger: Logger): Refusal {
	try {
		logger.error(`Job ${id} met a fault: ${stackOf(error)}`);
		return { code: 'internal', message: shortened(describeError(error, SERVICE_VOCABULARY)) };
	} catch {
		return { code: 'internal', message: 'The sender met a fault that it can neither log nor describe.' };
	}
}

function stackOf(error: unknown): string {
	return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
