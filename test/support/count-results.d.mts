export declare const countResults: (report: string | undefined, endedWell: boolean) => { passed: number; failed: number };
export declare const worthRepeating: (report: string | undefined) => { files: string[]; titles: string[] };
