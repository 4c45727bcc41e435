/** The script of a page with a strict policy: it defines the inspector. */
import { createInspector } from '../../src/inspector/inspector.ts';

export interface InspectorWindow extends Window {
  readonly createInspector: typeof createInspector;
}

Object.assign(window, { createInspector });
