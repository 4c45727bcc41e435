import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

const fromPorts = (port) => `The engine is handed its ${port}: take it from ports.`;

/** What must come through `ports`, so that the same code runs under a simulator and every failure replays. */
const AMBIENT = [
  ...[
    'Date',
    'performance',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'requestAnimationFrame',
    'requestIdleCallback',
  ].map((name) => ({ name, message: fromPorts('clock') })),
  { name: 'crypto', message: fromPorts('randomness') },
  ...['WebSocket', 'fetch', 'XMLHttpRequest', 'EventSource'].map((name) => ({ name, message: fromPorts('network') })),
  ...['indexedDB', 'localStorage', 'sessionStorage', 'caches'].map((name) => ({ name, message: fromPorts('store') })),
  { name: 'BroadcastChannel', message: fromPorts('bus') },
  ...['navigator', 'document', 'window', 'self', 'globalThis'].map((name) => ({ name, message: fromPorts('platform') })),
];

export default tseslint.config(
  { ignores: ['**/dist/', 'coverage/', 'test-results/', '.tidemark/', 'demo/public/', 'demo/site/gathered/', 'demo/site/.vitepress/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)) } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-control-regex': 'error',
      'no-debugger': 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals: enums are code that types should not bring.' },
        { selector: 'ExportDefaultDeclaration', message: 'Export by name: a name is what other files look for.' },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/promise-function-async': 'off',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/require-await': 'off', // an async function is also how a synchronous throw becomes a rejection
      '@typescript-eslint/no-non-null-assertion': 'off', // after a bounds check it says what the compiler cannot see
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off', // `return refuse(…)` leaves and says why in one line
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off', // a type named once can still tie a callback to its result
      '@typescript-eslint/no-invalid-void-type': ['error', { allowAsThisParameter: true, allowInGenericTypeArguments: true }],
      // A third of the time, and nothing for them here: no enums, few classes.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off', // `() => void list.push(x)` says that nothing is returned
    },
  },
  {
    files: ['src/{model,ports,engine,log,store,protocol}/**/*.ts'],
    ignores: ['src/**/*platform*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...AMBIENT],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: fromPorts('randomness') }],
    },
  },
  {
    files: ['src/cli/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'demo/**/*.ts', '*.config.ts'],
    rules: {
      'no-console': 'off',
      'no-restricted-syntax': 'off',
      // Doubles and fixtures are half made on purpose.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
);
