import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(import.meta.resolve('./probe.ts'));

/** Runs probe.ts, behind `before` if given ("unshare -m ..."), and returns what it printed. */
export function runProbe(what: string, args: readonly string[], before: readonly string[] = []): unknown {
	const [command, ...rest] = [...before, process.execPath, script, what, ...args];
	const { status, stdout, stderr, error } = spawnSync(command, rest, { encoding: 'utf8', timeout: 20_000 });
	if (status !== 0) {
		const why = error?.message ?? stderr.trim();
		throw new Error(`The probe "${what}" did not run: ${command} ended with status ${status}: ${why}`);
	}
	return JSON.parse(stdout);
}
