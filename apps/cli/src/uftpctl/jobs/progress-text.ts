/** A job's progress and end as lines for people. */
import type { EventDataByKind, ReceiverResult } from '@uftp/bus';
import { bytesText, columns, countText, durationText, printable } from '../terminal.ts';

/** " 43.0 %  12.3 of 28.6 MiB  97.1 MiB/s  ETA 0:12  1 of 3 done  slowest 0x7F000002 41 %". */
export function progressText(sample: EventDataByKind['progress']): string {
	const parts = [
		`${sample.percent.toFixed(1).padStart(5)} %`,
		`${bytesText(sample.bytes)} of ${bytesText(sample.totalBytes)}`,
		`${bytesText(sample.rateBytesPerSecond)}/s`,
	];
	if (sample.etaSeconds !== undefined) parts.push(`ETA ${durationText(sample.etaSeconds)}`);
	parts.push(`${sample.receiversDone} of ${countText(sample.receivers, 'receiver')} done`);
	if (sample.slowest !== undefined) {
		const { uid, percent } = sample.slowest;
		parts.push(`slowest ${printable(uid)}${percent === undefined ? '' : ` ${percent.toFixed(1)} %`}`);
	}
	if ((sample.pass ?? 0) > 1) parts.push(`pass ${sample.pass}`);
	return parts.join('  ');
}

/** One line per receiver. */
export function receiverLines(receivers: readonly ReceiverResult[]): string {
	return columns(
		receivers.map(({ uid, outcome, seconds, bytes, host, address, via, reason }) => [
			uid,
			outcome,
			seconds === undefined ? '' : `${seconds.toFixed(3)} s`,
			bytes === undefined || bytes === 0 ? '' : bytesText(bytes),
			[host, address, via === undefined ? undefined : `via ${via}`]
				.filter((each) => each !== undefined)
				.map((each) => printable(each as string))
				.join(' '),
			reason === undefined ? '' : printable(reason),
		]),
	);
}
