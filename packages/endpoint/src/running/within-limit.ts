import { EndpointError } from '../problems/index.ts';
import { HOOK_MS_MAX } from './limits.ts';

/**
 * What a hook of the application returned, waited for at most `limitMs`: rejects with `hook-too-slow` after that. `hook`
 * is its name for the sentence.
 */
export async function withinLimit<Value>(
	hook: string,
	returned: Promise<Value> | Value,
	limitMs: number = HOOK_MS_MAX,
): Promise<Value> {
	if (!(returned instanceof Promise)) return returned;
	let timer: ReturnType<typeof setTimeout> | undefined;
	const tooLate = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new EndpointError('hook-too-slow', { hook, seconds: limitMs / 1000 })), limitMs);
	});
	try {
		return await Promise.race([returned, tooLate]);
	} finally {
		clearTimeout(timer);
	}
}
