/** The floor plan: the allowed imports of each room, compared with the imports in the code. */
import { posix } from 'node:path';
import ts from 'typescript';

/** Paths relative to the repository, with `/`: `src/model/ids.ts`. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly specifier: string;
  /** The compiler erases this import, so the import makes no loop at run time. */
  readonly typeOnly: boolean;
}

/** Rooms open to every room. */
const COMMON = ['model', 'ports', 'errors', 'logging'];

/** The rooms allowed to each room beyond {@link COMMON} and itself. The table of rooms in src/README.md says the same. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  logging: [],
  model: [],
  // Only the shapes of frames: MAY_LOAD keeps the codec out.
  ports: ['protocol'],
  protocol: [],
  log: [],
  store: ['log'],
  platform: [],
  transport: ['protocol'],
  engine: ['log', 'protocol'],
  bridge: [],
  worker: ['bridge', 'engine', 'store', 'platform', 'transport'],
  'service-worker': ['bridge', 'engine', 'store', 'platform', 'transport'],
  client: ['bridge', 'platform'],
  index: ['client'],
  // The outbox works beside a foreign SDK: of the engine it uses the watch over the leading tab alone.
  outbox: ['engine', 'platform'],
  // Facades and hooks use the same as every app: the package's entry point for pages.
  compat: ['index'],
  react: ['index'],
  inspector: ['index'],
  server: ['protocol'],
  // A client of any server: it knows the wire and the arithmetic of rows, and no server's code.
  conformance: ['protocol'],
  cli: ['conformance', 'server'],
  testing: ['bridge', 'client', 'engine', 'log', 'store', 'server', 'protocol', 'service-worker', 'worker'],
};

/** All files beside the shelves of a room. These files then import no shelf. */
const BESIDE = '(the files beside the shelves)';

/**
 * The shelves of a room, each with the shelves and files of the room that it may import. A file beside the
 * shelves is listed like a shelf if other code imports it. An unlisted file may import every shelf.
 */
export const SHELVES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  model: {
    'byte-length': [],
    'without-empty': [],
    must: [],
    ids: ['must', 'byte-length'],
    registers: ['ids'],
    message: ['registers', 'ids', 'must', 'byte-length'],
    'outbox-entry': ['message', 'registers', 'ids', 'without-empty'],
    conversation: ['outbox-entry', 'message', 'registers', 'ids', 'without-empty'],
    api: ['conversation', 'outbox-entry', 'message', 'registers', 'ids'],
  },
  engine: {
    state: [],
    present: ['state'],
    write: ['present', 'state'],
    apply: ['write', 'present', 'state'],
    space: ['write', 'present', 'state'],
    intents: ['write', 'present', 'state'],
    views: ['write', 'present', 'state'],
    account: ['write', 'state'],
    net: [],
    queries: ['net', 'apply', 'write', 'present', 'state'],
    'sync/timing': [],
    'sync/feed': ['sync/timing', 'net', 'apply', 'write', 'present', 'state'],
    'sync/outbox': ['sync/feed', 'sync/timing', 'net', 'apply', 'write', 'state'],
    'sync/connection': ['sync/feed', 'sync/outbox', 'sync/timing', 'net', 'write', 'state'],
    'sync/leader': ['sync/connection', 'sync/timing', 'write', 'state'],
    headless: ['sync/leader', 'sync/outbox', 'net', 'space', 'write', 'state'],
  },
  server: {
    bus: ['system-clock'],
    metrics: ['store'],
    policy: [],
    'system-clock': [],
    socket: ['bus'],
    admission: ['policy'],
    'token-buckets': ['policy'],
    connections: ['socket'],
    store: [],
    'store/memory': ['store'],
    'store/sql/folder': ['store'],
    'store/sql/reads': ['store/sql', 'store'],
    'store/sql': ['store/sql/folder', 'store/sql/reads', 'store'],
    feed: ['store'],
    groups: ['store', 'bus'],
    push: ['connections', 'store'],
    core: ['admission', 'bus', 'connections', 'metrics', 'policy', 'push', 'socket', 'groups', 'store', 'token-buckets'],
    'heed-hints': ['bus', 'core'],
    readiness: ['core'],
    'current-policy': ['policy'],
    notices: ['core', 'policy', 'store'],
    sweep: ['core'],
    expiry: ['bus', 'core', 'feed', 'store', 'sweep'],
    retention: ['bus', 'core', 'policy', 'store', 'sweep'],
    submit: ['bus', 'core', 'feed', 'groups', 'push', 'store'],
    'older-writes': ['core', 'store'],
    history: ['bus', 'core', 'groups', 'older-writes', 'store', 'submit'],
    connection: ['admission', 'core', 'metrics', 'socket', 'policy', 'feed', 'groups', 'submit', 'store'],
    doors: ['admission', 'core', 'metrics', 'readiness', 'socket', 'policy', 'connection'],
  },
  client: { 'worker-start': [], page: [], view: ['page', 'receipt-client', 'watching'] },
  // No facade imports another facade.
  compat: { easemob: [BESIDE], 'easemob-flutter': [BESIDE], tencent: [BESIDE], zim: [BESIDE] },
};

/**
 * The rooms and libraries allowed to a room at run time, directly or through others: the engine runs in a
 * simulator, and the page stays small.
 */
const MAY_LOAD: Readonly<Record<string, readonly string[]>> = {
  model: [],
  ports: [],
  logging: [],
  engine: ['rxjs'],
  log: [],
  client: ['rxjs', 'comlink'],
  outbox: ['rxjs', 'idb-keyval'],
};

/** Forbidden imports between the rooms of {@link COMMON}: each would point back up. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  errors: ['model', 'ports', 'logging'],
  logging: ['model', 'ports', 'errors'],
  model: ['ports', 'logging'],
  compat: ['model', 'ports', 'errors', 'logging'],
  react: ['model', 'ports', 'errors', 'logging'],
  inspector: ['model', 'ports', 'errors', 'logging'],
};

/** The rooms that may import each library. `node:` stands for all modules of Node. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  'idb-keyval': ['outbox'],
  comlink: ['bridge'],
  react: ['react'],
  ws: ['server', 'cli', 'conformance'],
  jose: ['server', 'cli'],
  'prom-client': ['cli'],
  pg: ['cli'],
  '@nats-io/transport-node': ['cli'],
  '@electric-sql/pglite': ['server', 'cli'],
  valibot: ['protocol', 'server'],
  rxjs: [
    'store',
    'transport',
    'engine',
    'bridge',
    'worker',
    'service-worker',
    'client',
    'index',
    'outbox',
    'compat',
    'react',
    'server',
    'cli',
    'testing',
    'ports',
  ],
  'node:': ['server', 'cli', 'testing', 'conformance'],
};

const importsOf = (path: string, text: string): Import[] => {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const onlyTypes =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (clause !== undefined &&
          !clause.name &&
          named !== undefined &&
          ts.isNamedImports(named) &&
          named.elements.length > 0 &&
          named.elements.every((element) => element.isTypeOnly));
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: onlyTypes });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      found.push({ specifier: argument && ts.isStringLiteralLike(argument) ? argument.text : '?', typeOnly: false });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      found.push({ specifier: node.argument.literal.text, typeOnly: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
};

/** `src/model/ids.ts` → `model`; `src/errors.ts` → `errors`. */
const roomOf = (path: string): string => path.split('/')[1]!.replace(/\.ts$/, '');

/** `src/engine/sync/feed/feed.ts` → `sync/feed`; `src/server/core.ts` → `core`. */
const shelfOf = (path: string): string => {
  const parts = path.replace(/\.ts$/, '').split('/').slice(2);
  return parts.length === 1 ? parts[0]! : parts.slice(0, -1).join('/');
};

const wrongShelf = (room: string, from: string, to: string): string | undefined => {
  const shelves = SHELVES[room];
  const [shelf, target] = [shelfOf(from), shelfOf(to)];
  if (!shelves || shelf === target) return undefined;
  const [isFile, toFile] = [from, to].map((path) => path.split('/').length === 3);
  const sharesFiles = Object.values(shelves).some((allowed) => allowed.includes(BESIDE));
  if (isFile && !shelves[shelf] && !sharesFiles) return undefined;
  const allowed = isFile && sharesFiles ? [BESIDE] : shelves[shelf];
  if (!allowed) return `${from} stands on a shelf that the plan does not know`;
  return allowed.includes(target) || (toFile && allowed.includes(BESIDE))
    ? undefined
    : `${from} imports ${to}: ${room}/${shelf} may import ${allowed.join(', ') || 'nothing here'}`;
};

const libraryOf = (specifier: string): string =>
  specifier.startsWith('node:') ? 'node:' : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

const wrongLibrary = (from: string, specifier: string): string | undefined => {
  const library = libraryOf(specifier);
  const rooms = LIBRARIES[library];
  if (!rooms) return `${from} imports ${specifier}, a library that has no room`;
  return rooms.includes(roomOf(from)) ? undefined : `${from} imports ${specifier}, which stays in ${rooms.join(', ')}`;
};

const wrongRoom = (from: string, to: string): string | undefined => {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (posix.basename(to) === 'index.ts' && !ARROWS[room]?.includes('index')) return `${from} imports ${to}: import the file that is meant`;
  if (room === target) return wrongShelf(room, from, to);
  const arrows = ARROWS[room];
  if (!arrows) return `${from} stands in a room that the plan does not know`;
  const allowed = [...COMMON.filter((common) => !FORBIDDEN[room]?.includes(common)), ...arrows];
  return allowed.includes(target) ? undefined : `${from} imports ${to}: ${room} may import ${allowed.join(', ')}`;
};

/** The first loop of files, as `a → b → a`. Imports of types count too, because a reader must know both files. */
const findLoop = (graph: ReadonlyMap<string, readonly string[]>): string | undefined => {
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (file: string): string | undefined => {
    if (done.has(file)) return undefined;
    const at = trail.indexOf(file);
    if (at >= 0) return [...trail.slice(at), file].join(' → ');
    trail.push(file);
    for (const next of graph.get(file) ?? []) {
      const loop = walk(next);
      if (loop) return loop;
    }
    trail.pop();
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const loop = walk(file);
    if (loop) return loop;
  }
  return undefined;
};

/** The modules loaded by the files of `room` at run time against the plan. */
const wrongLoads = (imports: ReadonlyMap<string, readonly Import[]>, room: string, allowed: readonly string[]): string[] => {
  const found: string[] = [];
  for (const start of imports.keys()) {
    if (roomOf(start) !== room) continue;
    const seen = new Set([start]);
    for (const file of seen)
      for (const { specifier, typeOnly } of imports.get(file) ?? []) {
        if (typeOnly) continue;
        if (specifier.startsWith('.')) seen.add(posix.join(posix.dirname(file), specifier));
        else if (!allowed.includes(libraryOf(specifier))) found.push(`${start} loads ${specifier} by way of ${file}`);
      }
  }
  return found;
};

/** A longer file has more than one reason to change. */
export const MAX_LINES = 300;

const tooLong = (path: string, text: string): string | undefined => {
  const lines = text.split('\n').length - 1;
  return lines > MAX_LINES ? `${path} has ${lines} lines, more than ${MAX_LINES}: split it by reason` : undefined;
};

/** The page tells this file the address of the worker's script: a bundler may have renamed the script. */
const STARTER = 'src/worker/start-worker.ts';

/** All breaches of the plan, a sentence each; empty if the code keeps to the plan. */
export const breaches = (sources: Sources): string[] => {
  const found: (string | undefined)[] = [];
  const graph = new Map<string, string[]>();
  const imports = new Map([...sources].map(([path, text]) => [path, importsOf(path, text)]));
  for (const [path, text] of sources) found.push(tooLong(path, text));
  for (const [path, list] of imports) {
    const next: string[] = [];
    graph.set(path, next);
    for (const { specifier } of list) {
      if (specifier === '?') found.push(path === STARTER ? undefined : `${path} imports what only run time knows`);
      else if (!specifier.startsWith('.')) found.push(wrongLibrary(path, specifier));
      else {
        const to = posix.join(posix.dirname(path), specifier);
        if (!to.startsWith('src/')) found.push(`${path} imports ${to}, outside src`);
        else if (!sources.has(to)) found.push(`${path} imports ${to}, which is not there`);
        else {
          next.push(to);
          found.push(wrongRoom(path, to));
        }
      }
    }
  }
  for (const [room, allowed] of Object.entries(MAY_LOAD)) found.push(...wrongLoads(imports, room, allowed));
  const loop = findLoop(graph);
  if (loop) found.push(`a loop: ${loop}`);
  return found.filter((breach) => breach !== undefined);
};
