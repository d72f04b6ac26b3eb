/** Who has not got everything when a session is over, for the restart file. */
import type { ReceiverResult, SenderEnd, SenderEvent } from '@uftp/protocol';
import type { HostList } from './host-list.ts';
import type { ReceiverNames } from './receiver-names.ts';

export class FailedReceivers {
	/** Keys that receivers have proved to own: the next run takes them with these only. */
	readonly #fingerprints = new Map<number, Uint8Array>();

	see(event: SenderEvent): void {
		if (event.kind !== 'registered' || event.fingerprint === undefined) return;
		this.#fingerprints.set(event.receiverId, event.fingerprint);
	}

	/** Those of `end` that need another run, with the keys that they must have; proxies take no files themselves. */
	list(
		end: SenderEnd,
		names: ReceiverNames,
		listed: ReadonlyMap<number, Uint8Array>,
		proxies: ReadonlySet<number>,
	): HostList {
		const failed = end.results.filter((result) => !proxies.has(result.receiverId) && hasFailed(result));
		const fingerprints = new Map<number, Uint8Array>();
		for (const { receiverId } of failed) {
			const print = listed.get(receiverId) ?? this.#fingerprints.get(receiverId);
			if (print !== undefined) fingerprints.set(receiverId, print);
		}
		return { names: new Map(failed.map(({ receiverId }) => [receiverId, names.of(receiverId)])), fingerprints };
	}
}

/** As in C: whoever rejected a file would do so again. */
function hasFailed({ outcome, filesMissing }: ReceiverResult): boolean {
	return outcome === 'mute' || outcome === 'lost' || outcome === 'aborted' || filesMissing > 0;
}
