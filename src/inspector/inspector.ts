/**
 * The entry point `tidemark/inspector`: a web component that shows the inside of a client. A browser without a document may import it.
 */
import type { InspectedClient } from './client.ts';
import { Panel } from './panel.ts';
import { styleSheet } from './style.ts';

export type { InspectedClient } from './client.ts';

/** The element. It works while it is in the document, and costs nothing otherwise. */
export interface InspectorElement extends HTMLElement {
  /** The inspected client. Another one may be set at any time; `null` shows an empty panel. */
  client: InspectedClient | null;
}

const NAME = 'tidemark-inspector';

const define = (): CustomElementConstructor => {
  class TidemarkInspector extends HTMLElement implements InspectorElement {
    private readonly panel = new Panel();
    private inspected: InspectedClient | null = null;

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [styleSheet()];
      root.append(this.panel.node);
    }

    get client(): InspectedClient | null {
      return this.inspected;
    }

    set client(client: InspectedClient | null) {
      this.inspected = client;
      if (this.isConnected) this.panel.open(client);
    }

    connectedCallback(): void {
      this.panel.open(this.inspected);
    }

    disconnectedCallback(): void {
      this.panel.close();
    }
  }
  customElements.define(NAME, TidemarkInspector);
  return TidemarkInspector;
};

/**
 * Creates a `<tidemark-inspector>` for a client. Put the element on the page to open it, and remove it to close it: a closed panel asks
 * the client nothing. The first call defines the element. The attribute `scheme="light"` or `"dark"` fixes its colours.
 */
export const createInspector = (client: InspectedClient | null = null): InspectorElement => {
  const Inspector = customElements.get(NAME) ?? define();
  const element = new Inspector() as InspectorElement;
  element.client = client;
  return element;
};
