/** Lines that the C programs printed, for comparison; see fixtures/uftp-4.10.2/README.md. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function recorded(name: string): string[] {
	const path = fileURLToPath(new URL(`fixtures/uftp-4.10.2/${name}`, import.meta.url));
	return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

/** The recorded lines without those of which ours has no like. */
export function without(lines: readonly string[], unlike: readonly RegExp[]): string[] {
	return lines.filter((line) => !unlike.some((pattern) => pattern.test(line)));
}

/** Measured times and rates differ in every run. */
export function withoutMeasurements(line: string): string {
	return line
		.replace(/-?\d+\.\d{3}(?= seconds)/g, 'T')
		.replace(/\d+\.\d\d(?= KB\/s)/g, 'R')
		.replace(/ +(?=T)/g, ' ');
}

/** Text and scope of a line of a log with timestamps: `TIME: [SCOPE]: text`. */
export function splitStamped(line: string): { readonly scope: string; readonly text: string } {
	const match = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}: (?:\[([0-9A-F]{8}\/[0-9A-F]{2}:[0-9A-F]+)\]: )?(.*)$/.exec(
		line,
	);
	if (match === null) throw new Error(`no time stands before "${line}"`);
	return { scope: match[1] ?? '', text: match[2] };
}
