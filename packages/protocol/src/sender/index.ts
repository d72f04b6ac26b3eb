/** Senders, by an entry point of their own: receivers and proxies start sooner without them. */
export { type CongestionWords, congestionForm, parseCongestion } from '../tfmcc/congestion-words.ts';
export { SenderSession } from './sender-session.ts';
export { fileIdOf } from './transfer/file-schedule.ts';
