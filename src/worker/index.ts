/** The entry for an app's own worker file: `import { startReceiptWorker } from 'tidemark/worker'; startReceiptWorker();` */
export { startReceiptWorker } from './host.ts';
