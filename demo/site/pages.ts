/** The pages of the site, in the order of its menu. A page's address is its name. */
export interface SitePage {
  /** The file in the repository. */
  readonly file: string;
  /** The name of the page in the site, without an ending. */
  readonly name: string;
  /** Text in the menu; default: the page's heading. */
  readonly menu?: string;
}

export interface Chapter {
  readonly title: string;
  readonly pages: readonly SitePage[];
}

const guide = (name: string, menu?: string): SitePage => ({
  file: `demo/guides/${name}.md`,
  name,
  ...(menu === undefined ? {} : { menu }),
});

export const CHAPTERS: readonly Chapter[] = [
  {
    title: 'Begin',
    pages: [guide('start'), guide('concepts'), guide('offline-and-guarantees'), guide('calls'), guide('bodies'), guide('streams')],
  },
  {
    title: 'Build',
    pages: [
      guide('unread'),
      guide('groups'),
      guide('privacy'),
      guide('push-and-badges'),
      guide('tabs-and-workers'),
      guide('storage-and-encryption'),
      guide('react'),
      guide('frameworks', 'Other frameworks'),
      guide('bundlers'),
      guide('test-your-app'),
    ],
  },
  {
    title: 'Run',
    pages: [
      guide('deploy'),
      guide('several-servers'),
      guide('your-own-server'),
      guide('security'),
      guide('performance'),
      guide('debug'),
      guide('inspector', 'See inside'),
    ],
  },
  {
    title: 'Migrate',
    pages: [
      guide('migrate'),
      { file: 'src/outbox/OUTBOX.md', name: 'outbox', menu: 'In front of your own SDK' },
      { file: 'src/compat/EASEMOB.md', name: 'easemob', menu: 'Easemob Web' },
      { file: 'src/compat/EASEMOB-FLUTTER.md', name: 'easemob-flutter', menu: 'Easemob Flutter' },
      { file: 'src/compat/TENCENT.md', name: 'tencent', menu: 'Tencent Chat' },
      { file: 'src/compat/ZIM.md', name: 'zim', menu: 'ZEGO ZIM' },
    ],
  },
  {
    title: 'Look up',
    pages: [
      guide('limits'),
      guide('error-codes'),
      { file: 'src/LOG.md', name: 'log-events' },
      { file: 'src/METRICS.md', name: 'metrics' },
      { file: 'src/server/SCALE.md', name: 'scale' },
      { file: 'src/protocol/PROTOCOL.md', name: 'protocol', menu: 'Protocol' },
      { file: 'src/INVARIANTS.md', name: 'invariants' },
      { file: 'src/GLOSSARY.md', name: 'glossary' },
      { file: 'CHANGELOG.md', name: 'changelog' },
      guide('api-reference'),
    ],
  },
];

export const PAGES: readonly SitePage[] = CHAPTERS.flatMap(({ pages }) => pages);
