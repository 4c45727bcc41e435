/**
 * Answers `--help` with the usage, and refuses an option that the usage does not name in one line. The options of a command are the words
 * in its usage that begin with two dashes.
 *
 * @param {string} usage
 * @param {readonly string[]} args
 * @returns {number | undefined} the exit code; undefined if the command is to run
 */
export const answerOptions = (usage, args) => {
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const named = usage.match(/--[a-z][a-z-]*/g) ?? [];
  const unknown = args.find((arg) => /^-./.test(arg) && !named.includes(arg.split('=')[0]));
  if (unknown === undefined) return undefined;
  console.error(`unknown option ${unknown}; --help lists the options`);
  return 2;
};

/**
 * Runs `main(args)` of a command, unless {@link answerOptions} answers.
 *
 * @param {{ readonly USAGE?: string, readonly main: (args: string[]) => Promise<number> }} command
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export const runCommand = async ({ USAGE, main }, args) => {
  try {
    return (USAGE === undefined ? undefined : answerOptions(USAGE, args)) ?? (await main(args));
  } catch (error) {
    const isMisuse = /^ERR_PARSE_ARGS/.test(error?.code);
    console.error(error instanceof Error && !isMisuse ? (error.stack ?? error.message) : (error?.message ?? error));
    return 2;
  }
};
