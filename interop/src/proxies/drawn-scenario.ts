import { everySession, type Suite, titleOf } from '../encryption-table.ts';
import { type Cast, castTitle, type Part } from './cast.ts';
import { type Branch, type Disturbance, type ProxyScenario, partsOf, type Way } from './proxy-scenario.ts';

/** A scenario that no table has, and who plays it. */
export interface DrawnScenario {
	readonly scenario: ProxyScenario;
	readonly cast: Cast;
}

const ways: readonly Way[] = ['address', 'fingerprint', 'two nats', 'one to many', 'response'];
const allParts: readonly Part[] = ['sender', 'serverProxy', 'clientProxy', 'responseProxy', 'receiver'];
const suites: readonly Suite[] = everySession().map(({ suite }) => suite);
const grtts = ['0.1:0.05:0.5', '0.05:0.01:0.5', '0.5:0.01:15'];
/** A packet that a key signs takes its readers a millisecond. */
const signedFileBytes = 60_000;
const sizes = [0, 1, 511, 512, 70_000, 2_100_000, 4_500_000];

/** The same seed draws the same scenario: who plays what, how packets get there, what goes wrong. */
export function drawScenario(seed: number): DrawnScenario {
	const dice = new Dice(seed);
	const way = dice.one(ways);
	const cast = drawCast(dice, way);
	const suite = dice.happens(0.5) ? dice.one(suites) : undefined;
	const isLossy = dice.happens(0.3);
	const fileBytes = suite?.signature === 'keyex' ? signedFileBytes : dice.one(sizes);
	const isLong = fileBytes >= signedFileBytes;
	const disturbance = isLong && dice.happens(0.2) ? drawDisturbance(dice, way) : undefined;
	const congestion = dice.happens(0.2) && isControllable(cast, suite);
	const drawn: Omit<ProxyScenario, 'name'> = {
		way,
		branches: drawBranches(dice, way),
		directReceivers: dice.below(3),
		group: dice.one(['open', 'closed']),
		family: (way === 'address' || way === 'response') && dice.happens(0.25) ? 6 : 4,
		...(suite === undefined ? {} : { suite }),
		fileBytes,
		sessions: dice.one([1, 1, 2, 3]),
		...(isLossy ? { lossPercent: { tunnel: dice.below(5), site: dice.below(5) } } : {}),
		...(disturbance === undefined ? {} : { disturbance, expect: 'outcome' as const }),
		senderOptions: [
			...['-b', String(4 * (128 + dice.below(230))), '-r', dice.one(grtts), '-s', dice.one(['10', '20', '50'])],
			...(congestion ? ['-C', 'tfmcc:max=60000'] : ['-R', suite?.signature === 'keyex' ? '2000' : '40000']),
		],
		casts: [cast],
	};
	const scenario: ProxyScenario = { ...drawn, name: '' };
	return { scenario: { ...scenario, name: nameOf(seed, scenario, cast) }, cast };
}

/** What the C programs cannot do is left to ours: several sites, and other curves at response proxies. */
function drawCast(dice: Dice, way: Way): Cast {
	const makers = allParts.map((part) => [part, dice.happens(0.5) ? 'C' : 'ours'] as const);
	const cast = Object.fromEntries(makers) as unknown as Cast;
	if (way === 'one to many') return { ...cast, serverProxy: 'ours' };
	return way === 'response' ? { ...cast, responseProxy: 'ours' } : cast;
}

/** C proxies spoil what C receivers report, and crash their sender with it in encrypted sessions. */
function isControllable(cast: Cast, suite: Suite | undefined): boolean {
	if (suite !== undefined) return suite.signature !== 'keyex' && allParts.every((part) => cast[part] === 'ours');
	return cast.clientProxy === 'ours' || cast.receiver === 'ours';
}

function drawBranches(dice: Dice, way: Way): Branch[] {
	const isHidden = way === 'two nats' || (way === 'fingerprint' && dice.happens(0.5));
	return Array.from({ length: 1 + dice.below(2) }, () => ({ receivers: 1 + dice.below(3), nat: isHidden }));
}

function drawDisturbance(dice: Dice, way: Way): Disturbance {
	const afterShare = dice.one([0.05, 0.3, 0.6, 0.9]);
	if (way === 'response') return { afterShare, do: { kill: 'responseProxy' } };
	return { afterShare, do: { kill: dice.one(['serverProxy', 'clientProxy']) } };
}

function nameOf(seed: number, scenario: ProxyScenario, cast: Cast): string {
	const { way, branches, directReceivers, group, family, suite, fileBytes, sessions } = scenario;
	const { lossPercent, disturbance, senderOptions } = scenario;
	const words = [
		`${castTitle(cast, partsOf(scenario))}: ${way}`,
		`${group} IPv${family}, ${sessions} sessions of ${fileBytes} bytes`,
		`${branches?.map(({ receivers, nat }) => `${receivers}${nat === true ? ' behind a NAT' : ''}`).join(' + ')} receivers`,
		`${directReceivers} direct`,
		suite === undefined ? 'plain' : titleOf(suite),
		lossPercent === undefined ? '' : `losses ${lossPercent.tunnel} % and ${lossPercent.site} %`,
		disturbance === undefined ? '' : `disturbed: ${JSON.stringify(disturbance)}`,
		senderOptions?.join(' ') ?? '',
	];
	return `seed ${seed}: ${words.filter((word) => word !== '').join('; ')}`;
}

/** Random numbers that a seed decides (xorshift). */
class Dice {
	#state: number;

	constructor(seed: number) {
		this.#state = Math.imul(seed, 2_654_435_761) >>> 0 || 1;
		for (let i = 0; i < 10; i++) this.#next();
	}

	#next(): number {
		this.#state ^= this.#state << 13;
		this.#state ^= this.#state >>> 17;
		this.#state ^= this.#state << 5;
		this.#state >>>= 0;
		return this.#state / 2 ** 32;
	}

	below(limit: number): number {
		return Math.floor(this.#next() * limit);
	}

	happens(probability: number): boolean {
		return this.#next() < probability;
	}

	one<T>(choices: readonly T[]): T {
		return choices[this.below(choices.length)] as T;
	}
}
