import type { Contender, Contest } from './contests.ts';
import type { Run } from './measure.ts';

/** One line of the table: the medians of a contender's runs. */
export interface Line {
	readonly work: string;
	readonly who: string;
	readonly seconds: number;
	/** Fastest and slowest run. */
	readonly range: readonly [number, number];
	readonly goodputMegabytesPerSecond: number;
	/** Bytes on the wire per byte of the file. */
	readonly wirePerByte: number;
	readonly bufferDrops: number;
	readonly receiverCpuSeconds: number;
	readonly wrongFiles: number;
	readonly runs: number;
	readonly failedRuns: number;
	/** Goodput and bytes on the wire against C to C in the same contest; undefined for C to C itself. */
	readonly goodputRatio?: number;
	readonly wireRatio?: number;
	/** What was asked and whether it was reached: "≥ 5: yes". */
	readonly verdict: string;
}

/** Middle value; the mean of the two middle ones of an even number. NaN for none. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
	const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
	return (upper + lower) / 2;
}

/** The lines of one contest. `runs[i]` are the runs of its contender i; the baseline is C to C where it takes part. */
export function summarize(contest: Contest, bytes: number, runs: readonly (readonly Run[])[]): Line[] {
	const baselineAt = contest.contenders.findIndex(({ pair }) => pair.sender === 'C' && pair.receiver === 'C');
	const baseline = baselineAt < 0 ? undefined : (runs[baselineAt] ?? []).filter(isGood);
	return contest.contenders.map((contender, index) =>
		summarizeContender(contest, contender, bytes, runs[index] ?? [], index === baselineAt ? undefined : baseline),
	);
}

function summarizeContender(
	contest: Contest,
	contender: Contender,
	bytes: number,
	runs: readonly Run[],
	baseline: readonly Run[] | undefined,
): Line {
	const good = runs.filter(isGood);
	const seconds = median(good.map((run) => run.seconds));
	const wireBytes = median(good.map((run) => run.wireBytes));
	const ratios =
		baseline === undefined
			? {}
			: {
					goodputRatio: median(baseline.map((run) => run.seconds)) / seconds,
					wireRatio: wireBytes / median(baseline.map((run) => run.wireBytes)),
				};
	const line = {
		work: contest.title,
		who: `${contender.pair.sender} to ${contender.pair.receiver}`,
		seconds,
		range: [Math.min(...good.map((run) => run.seconds)), Math.max(...good.map((run) => run.seconds))] as const,
		goodputMegabytesPerSecond: bytes / 1e6 / seconds,
		wirePerByte: wireBytes / bytes,
		bufferDrops: median(good.map((run) => run.bufferDrops)),
		receiverCpuSeconds: median(good.map((run) => run.receiverCpuSeconds)),
		wrongFiles: runs.reduce((sum, run) => sum + run.wrongFiles, 0),
		runs: runs.length,
		failedRuns: runs.length - good.length,
		...ratios,
		verdict: '',
	};
	return { ...line, verdict: verdict(line, contender) };
}

/** A run that counts: the sender was content and every copy is right. */
function isGood(run: Run): boolean {
	return run.failure === undefined && run.wrongFiles === 0;
}

function verdict(line: Line, { target }: Contender): string {
	const asked: string[] = [];
	const ask = (text: string, reached: boolean): void => void asked.push(`${text}: ${reached ? 'yes' : 'NO'}`);
	if (target?.goodputAtLeast !== undefined) {
		ask(`goodput ≥ ${target.goodputAtLeast} ×`, (line.goodputRatio ?? 0) >= target.goodputAtLeast);
	}
	if (target?.wireAtMost !== undefined) {
		ask(`wire ≤ ${target.wireAtMost} ×`, (line.wireRatio ?? Number.POSITIVE_INFINITY) <= target.wireAtMost);
	}
	if (target?.secondsAtMost !== undefined) ask(`< ${target.secondsAtMost} s`, line.seconds < target.secondsAtMost);
	if (line.wrongFiles > 0 || line.failedRuns > 0) asked.push('every file right: NO');
	return asked.join(', ');
}

/** The table, in Markdown. */
export function renderTable(lines: readonly Line[]): string {
	const header = ['work', 'sender to receivers', 'wall s (range)', 'MB/s', 'goodput / C', 'wire / file', 'wire / C'];
	header.push('receivers CPU s', 'buffer drops', 'wrong files', 'runs ok', 'asked');
	const rows = lines.map((line) => [
		line.work,
		line.who,
		`${digits(line.seconds, 3)} (${digits(line.range[0], 2)}–${digits(line.range[1], 2)})`,
		digits(line.goodputMegabytesPerSecond, 1),
		line.goodputRatio === undefined ? '' : digits(line.goodputRatio, 2),
		digits(line.wirePerByte, 4),
		line.wireRatio === undefined ? '' : digits(line.wireRatio, 4),
		digits(line.receiverCpuSeconds, 2),
		digits(line.bufferDrops, 0),
		String(line.wrongFiles),
		`${line.runs - line.failedRuns}/${line.runs}`,
		line.verdict,
	]);
	return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function digits(value: number, places: number): string {
	return Number.isFinite(value) ? value.toFixed(places) : '–';
}
