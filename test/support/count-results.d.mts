export declare const countResults: (report: string | undefined, endedWell: boolean) => { passed: number; failed: number };
