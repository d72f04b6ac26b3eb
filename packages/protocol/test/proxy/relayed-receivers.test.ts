import { describe, expect, it } from 'vitest';
import { RelayedReceivers } from '../../src/proxy/gathering/relayed-receivers.ts';

const address = { host: '10.0.0.1', port: 1044 };

function receiversOf(...ids: readonly (readonly [id: number, isUnproven: boolean])[]): RelayedReceivers {
	const receivers = new RelayedReceivers();
	for (const [id, isUnproven] of ids) receivers.add(0, { id, address, instance: undefined, isUnproven });
	return receivers;
}

describe('the receivers behind a gathering proxy', () => {
	it('have completed the session although one that never shows its key has not', () => {
		const receivers = receiversOf([1, false], [2, true]);
		const one = receivers.get(1);
		if (one === undefined) throw new Error('it has just been added');
		expect(receivers.areCompleted).toBe(false);
		receivers.complete(one);
		expect(receivers.provenCount).toBe(1);
		expect(receivers.areCompleted).toBe(true);
	});

	it('have not completed it as long as one that has shown its key has not', () => {
		const receivers = receiversOf([1, false], [2, true]);
		const [one, two] = [receivers.get(1), receivers.get(2)];
		if (one === undefined || two === undefined) throw new Error('they have just been added');
		receivers.prove(two);
		receivers.complete(one);
		expect(receivers.areCompleted).toBe(false);
		receivers.complete(two);
		expect(receivers.areCompleted).toBe(true);
	});

	it('have completed nothing where nobody is there', () => {
		expect(receiversOf().areCompleted).toBe(false);
		expect(receiversOf([1, true]).areCompleted).toBe(false);
	});
});
