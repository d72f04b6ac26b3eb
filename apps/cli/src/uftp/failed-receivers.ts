/** Who has not got everything when a session is over, for the restart file. */
import type { SendingEnd } from '@uftp/endpoint/sending';
import type { ReceiverResult, SenderEvent } from '@uftp/protocol';
import type { HostList } from './host-list.ts';
import type { ReceiverNames } from './receiver-names.ts';

type Ended = Pick<SendingEnd, 'results'>;

export class FailedReceivers {
	/** Keys that receivers and proxies have proved to own: the next run takes them with these only. */
	readonly #fingerprints = new Map<number, Uint8Array>();

	see(event: SenderEvent): void {
		if (event.kind !== 'registered' && event.kind !== 'proxyRegistered') return;
		const id = event.kind === 'registered' ? event.receiverId : event.proxyId;
		if (event.fingerprint !== undefined) this.#fingerprints.set(id, event.fingerprint);
	}

	/** Those of `end` that need another run, with the keys that they must have. */
	list({ results }: Ended, names: ReceiverNames, listed: ReadonlyMap<number, Uint8Array>): HostList {
		const failed = results.filter(hasFailed);
		return this.#hosts(
			failed.map(({ receiverId }) => receiverId),
			names,
			listed,
		);
	}

	/** The proxies that another run needs: those of -j, and those that the failed ones were behind. */
	proxies({ results }: Ended, names: ReceiverNames, proxies: HostList): HostList {
		const ids = new Set(proxies.names.keys());
		for (const result of results) if (hasFailed(result) && result.viaProxyId !== undefined) ids.add(result.viaProxyId);
		return this.#hosts([...ids], names, proxies.fingerprints);
	}

	#hosts(ids: readonly number[], names: ReceiverNames, listed: ReadonlyMap<number, Uint8Array>): HostList {
		const fingerprints = new Map<number, Uint8Array>();
		for (const id of ids) {
			const print = listed.get(id) ?? this.#fingerprints.get(id);
			if (print !== undefined) fingerprints.set(id, print);
		}
		return { names: new Map(ids.map((id) => [id, names.of(id)])), fingerprints };
	}
}

/** As in C: whoever rejected a file would do so again. */
function hasFailed({ outcome, filesMissing }: ReceiverResult): boolean {
	return outcome === 'mute' || outcome === 'lost' || outcome === 'aborted' || filesMissing > 0;
}
