/** Compiles the kernel: the text of `kernel-bytes.ts`. The same compiler gives the same bytes on every machine. */
export declare function buildKernel(): Promise<string>
