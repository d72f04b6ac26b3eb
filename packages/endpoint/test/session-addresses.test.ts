import { describe, expect, it } from 'vitest';
import { sessionAddresses } from '../src/network/index.ts';
import { EndpointError } from '../src/problems/index.ts';

const drawn = (value: number) => () => value;

function codeOf(work: () => unknown): string {
	try {
		work();
	} catch (error) {
		if (error instanceof EndpointError) return error.code;
		throw error;
	}
	return 'nothing was refused';
}

describe('the addresses of a session', () => {
	it('are one and the same where it is announced to a host', () => {
		const { privateAddress, isUnicast } = sessionAddresses('10.0.0.7', '230.5.5.x', drawn(1));
		expect([privateAddress, isUnicast]).toEqual(['10.0.0.7', true]);
	});

	it('have a random number for each x, in the manner of their family', () => {
		expect(sessionAddresses('230.4.4.1', '230.x.5.x', drawn(77)).privateAddress).toBe('230.77.5.77');
		expect(sessionAddresses('ff15::1', 'ff15::5:x', drawn(0xabc)).privateAddress).toBe('ff15::5:abc');
		expect(sessionAddresses('230.4.4.1', undefined, drawn(3)).privateAddress).toBe('230.5.5.3');
		expect(sessionAddresses('ff15::1', undefined, drawn(3)).privateAddress).toBe('ff15::5:5:3');
	});

	it('have no x in the first part, which says what kind of address it is', () => {
		expect(codeOf(() => sessionAddresses('230.4.4.1', 'x.5.5.5', drawn(230)))).toBe('private-address-invalid');
	});

	it.each(['10.0.0.7', '230.5.5', 'nonsense', '230.5.5.xx'])('are refused where %s is no group', (pattern) => {
		expect(codeOf(() => sessionAddresses('230.4.4.1', pattern, drawn(1)))).toBe('private-address-invalid');
	});

	it('are of one family', () => {
		expect(codeOf(() => sessionAddresses('230.4.4.1', 'ff15::5:x', drawn(1)))).toBe('address-families-differ');
	});
});
