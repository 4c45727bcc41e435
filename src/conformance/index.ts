/** The entry point `./conformance`: runs PROTOCOL.md against any receipt server. Node only; needs the package `ws`. */
export { type ConformanceOptions, type ConformanceReport, type ConformanceResult, runConformance, Unreachable } from './run.ts';
export type { Check, Level } from './check.ts';
export { CHECKS } from './catalogue.ts';
export { type Host, hostAt, hostOfCommand } from './host.ts';
export { namesOfRun, type Person, type Users, usersOfFile, usersOfHost, usersOfSecret } from './users.ts';
export { linesOf, tableOf } from './report.ts';
