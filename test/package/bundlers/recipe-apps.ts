/** Apps of the guide's code: each framework shows a stream of the client, and a server renders the page where the framework has one. */
import { guideCode } from '../../support/guide-code.ts';
import { type App, type Apps, html } from './app.ts';
import { ANGULAR, NUXT, SVELTEKIT } from './framework-apps.ts';

/** Sends a message, and looks for its text on the page. A server that renders the page loads this script too. */
const CHECK = `
globalThis.told = [];
const SHOWN = 'stream: {"text":"ahoy"}';
export const check = (client) => {
  setInterval(() => {
    if (document.body.textContent.includes('ahoy') && !told.includes(SHOWN)) told.push(SHOWN);
  }, 50);
  client.sendMessage('direct:bob', 'ahoy').then(() => told.push('sent'), (error) => told.push(error.code + ': ' + error.message));
};
`;

const CLIENT = `
import { createReceiptClient } from 'tidemark';
export const client = createReceiptClient({ url: 'ws://127.0.0.1:9/receipts', userId: 'alice', getToken: async () => 'none' });
`;

/** The options of the guide's clients, for a server that is not there: everything here works offline. */
const local = (code: string): string => code.replace('wss://chat.example/receipts', 'ws://127.0.0.1:9/receipts');

const { files: sveltekit } = SVELTEKIT;
const SVELTEKIT_RECIPE: App = {
  packages: 'sveltekit',
  files: {
    ...sveltekit,
    'src/lib/check.js': CHECK,
    'src/lib/Chat.svelte': guideCode('frameworks', 'Svelte'),
    'src/routes/+layout.server.js': `export const load = () => ({ userId: 'alice' });`,
    'src/routes/+layout.svelte': local(guideCode('frameworks', 'SvelteKit')),
    'src/routes/+page.svelte': `<script>
      import { getContext } from 'svelte';
      import Chat from '$lib/Chat.svelte';
      import { check } from '$lib/check.js';
      const client = getContext('receipts');
      $effect(() => check(client));
    </script>
    <Chat {client} chat="direct:bob" />`,
  },
  build: ['vite', 'build'],
  serve: ['node', 'build/index.js'],
};

const NUXT_RECIPE: App = {
  packages: 'nuxt',
  files: {
    ...NUXT.files,
    'app/check.js': CHECK,
    'app/use-stream.js': guideCode('frameworks', 'Vue'),
    'app/plugins/receipts.js': local(guideCode('frameworks', 'Nuxt')),
    'app/plugins/account.js': `export default defineNuxtPlugin({ enforce: 'pre', setup: () => void useState('user', () => 'alice') });`,
    'app/app.vue': `<script setup>
      import { onMounted } from 'vue';
      import { check } from './check.js';
      import { useConversationView, useStream } from './use-stream.js';
      const { $receipts } = useNuxtApp();
      const messages = useStream(() => $receipts.watchMessages('direct:bob'));
      useConversationView($receipts, 'direct:bob');
      onMounted(() => check($receipts));
    </script>
    <template><p v-for="message in messages" :key="message.id">{{ message.body }}</p></template>`,
  },
  build: ['nuxt', 'build'],
  serve: ['node', '.output/server/index.mjs'],
};

const SOLID_RECIPE: App = {
  packages: 'solid',
  files: {
    'index.html': html('<body></body><script type="module" src="main.jsx"></script>'),
    'vite.config.js': `import solid from 'vite-plugin-solid';\nexport default { plugins: [solid()] };`,
    'check.js': CHECK,
    'client.js': CLIENT,
    'stream.js': guideCode('frameworks', 'Solid'),
    'main.jsx': `import { For, onMount } from 'solid-js';
      import { render } from 'solid-js/web';
      import { check } from './check.js';
      import { client } from './client.js';
      import { createConversationView, createStream } from './stream.js';
      const App = () => {
        const messages = createStream(() => client.watchMessages('direct:bob'));
        createConversationView(client, 'direct:bob');
        onMount(() => check(client));
        return <For each={messages() ?? []}>{({ body }) => <p>{body}</p>}</For>;
      };
      render(() => <App />, document.body);`,
  },
  build: ['vite', 'build', '--logLevel', 'error'],
  served: 'dist',
};

const ANGULAR_RECIPE: App = {
  packages: 'angular',
  files: {
    ...ANGULAR.files,
    'src/index.html': html('<base href="/"><body><app-root></app-root></body>'),
    'src/check.js': CHECK,
    'src/chat.ts': guideCode('frameworks', 'Angular'),
    'src/main.ts': `import { Component } from '@angular/core';
      import { bootstrapApplication } from '@angular/platform-browser';
      import { createReceiptClient } from 'tidemark';
      import { Chat, RECEIPTS } from './chat';
      // @ts-ignore a script of the test
      import { check } from './check.js';
      const client = createReceiptClient({ url: 'ws://127.0.0.1:9/receipts', userId: 'alice', getToken: async () => 'none' });
      @Component({ selector: 'app-root', imports: [Chat], template: '<app-chat chat="direct:bob" />' })
      class App {}
      void bootstrapApplication(App, { providers: [{ provide: RECEIPTS, useValue: client }] }).then(() => check(client));`,
  },
  build: ['ng', 'build'],
  served: 'dist/browser',
};

/** Bob writes to Alice, whose page is MUI's. She opens the chat, and answers. Bob sees his message as read, and her answer once. */
const MUI_RECIPE: App = {
  packages: 'mui',
  files: {
    'index.html': html('<body><div id="app" style="height: 500px"></div></body><script type="module" src="main.jsx"></script>'),
    'adapter.js': guideCode('frameworks', 'MUI X Chat'),
    'chats.jsx': `import { useState } from 'react';
      import { ChatBox } from '@mui/x-chat';
      import { ReceiptProvider, useConversationView } from 'tidemark/react';
      import { createChatAdapter } from './adapter.js';
      ${guideCode('frameworks', 'MUI X Chat', 1)}
      export { Chats };`,
    'main.jsx': `import { createRoot } from 'react-dom/client';
      import { createReceiptClient } from 'tidemark';
      import { Chats } from './chats.jsx';
      globalThis.told = [];
      const getToken = async (userId) => {
        const headers = { 'content-type': 'application/json' };
        return (await (await fetch('/dev/token', { method: 'POST', headers, body: JSON.stringify({ userId }) })).json()).token;
      };
      const account = (userId) =>
        createReceiptClient({ url: location.origin.replace('http', 'ws') + '/receipts', userId, getToken: () => getToken(userId) });
      const [alice, bob] = ['alice', 'bob'].map(account);
      await bob.sendMessage('direct:alice', 'ahoy');
      bob.watchMessages('direct:alice').subscribe((messages) => {
        const seen = messages.map(({ body, status }) => body + ' ' + status).join(', ');
        if (seen === 'ahoy read, aye received') told.push('sent', 'stream: {"text":"ahoy"}');
      });
      createRoot(document.getElementById('app')).render(<Chats client={alice} />);`,
  },
  build: ['vite', 'build', '--logLevel', 'error'],
  served: 'dist',
  withReceipts: true,
  use: async (page) => {
    await page.getByText('bob', { exact: true }).first().click();
    await page.getByText('ahoy').first().waitFor();
    await page.getByRole('textbox').last().fill('aye');
    await page.keyboard.press('Enter');
    await page.getByText('aye').first().waitFor();
    await page.waitForTimeout(1000);
    if ((await page.getByText('aye').count()) !== 1) throw new Error('the answer is not on the page once');
  },
};

export const RECIPE_APPS: Apps = {
  'recipe: SvelteKit': SVELTEKIT_RECIPE,
  'recipe: Nuxt': NUXT_RECIPE,
  'recipe: Solid': SOLID_RECIPE,
  'recipe: Angular': ANGULAR_RECIPE,
  'recipe: MUI X Chat': MUI_RECIPE,
};
