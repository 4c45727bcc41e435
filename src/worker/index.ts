/** For bundlers that need the app's own worker file: `import { startReceiptWorker } from 'tidemark/worker'; startReceiptWorker();` */
export { startReceiptWorker } from './host.ts';
