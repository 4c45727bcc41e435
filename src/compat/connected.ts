/** What the vendors call connected: the server answers, and may still send what this device has missed. */
import type { ConnectionStatus } from '../index.ts';

export const isConnected = ({ state }: Pick<ConnectionStatus, 'state'>): boolean => state === 'live' || state === 'catching-up';
