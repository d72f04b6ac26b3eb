/**
 * What a program calls the settings that problems mention: "-U" for a command, "UFTP_UID" for a service, a field's name
 * for the library. Each program has one vocabulary of its own.
 */

/** The settings that sentences may have to name, as words that fit into "set ..." and "(...)". */
export interface Vocabulary {
	/** The node's own id. */
	readonly uid: string;
	/** The folder for what is kept between two starts. */
	readonly stateDirectory: string;
	/** A file with the node's private key, and a key that is made at the start. */
	readonly keyFile: string;
	readonly newKey: string;
	/** How to make a key file, as something that a person can do. */
	readonly keyMaking: string;
	/** The cryptography library. */
	readonly cryptography: string;
	/** The groups or address on which sessions are announced, and the pattern for those that carry the data. */
	readonly publicAddress: string;
	readonly privateAddress: string;
	readonly port: string;
	/** Where received files go. */
	readonly destination: string;
	/** The interface that is listened on or sent by, and the one by which a proxy reaches its receivers. */
	readonly interface: string;
	readonly outgoingInterface: string;
	/** The lists of senders, receivers and proxies that are known beforehand. */
	readonly senders: string;
	readonly receivers: string;
	readonly proxies: string;
	/** The response proxy of a receiver, and the curve of a response proxy's own key agreement. */
	readonly responseProxy: string;
	readonly agreementCurve: string;
	/** Where a server proxy sends sessions. */
	readonly sites: string;
	/** Where a proxy or receiver reports that it is there. */
	readonly heartbeats: string;
}

/** The names of the fields in the settings of `sendFiles`, `openReceiver` and `openProxy`. */
export const LIBRARY_VOCABULARY: Vocabulary = {
	uid: 'uid',
	stateDirectory: 'stateDirectory',
	keyFile: 'keyFile',
	newKey: 'keys',
	keyMaking: 'generateEcKey and storeNewKeyFile make one',
	cryptography: 'cryptography',
	publicAddress: 'publicAddress',
	privateAddress: 'privateAddress',
	port: 'port',
	destination: 'destination, sink or blockSink',
	interface: 'interface',
	outgoingInterface: 'outgoingInterface',
	senders: 'senders',
	receivers: 'receivers',
	proxies: 'proxies',
	responseProxy: 'responseProxy',
	agreementCurve: 'agreementCurve',
	sites: 'sites',
	heartbeats: 'heartbeats',
};

/** A vocabulary whose names follow from those of the fields: "UFTP_UID" from "uid". `except` has those that do not. */
export function vocabularyOf(nameOf: (field: string) => string, except: Partial<Vocabulary> = {}): Vocabulary {
	const names = Object.entries(LIBRARY_VOCABULARY).map(([key, field]) => [key, nameOf(field)]);
	return { ...(Object.fromEntries(names) as unknown as Vocabulary), ...except };
}
