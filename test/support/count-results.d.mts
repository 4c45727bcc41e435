export function countResults(report: string | undefined, endedWell: boolean): { passed: number; failed: number };
export function failures(report: string | undefined): string[];
export function worthRepeating(report: string | undefined): string[];
