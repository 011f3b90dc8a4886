/** What the page and a sandbox say to each other. */

/** Page → sandbox, with a port for the worker, and one for what the worker says. */
export type StartWorker = { readonly pando: "start"; readonly worker: number };
export type EndWorker = { readonly pando: "end"; readonly worker: number };
/** Page → sandbox: are you there? The sandbox may have been ready before the page listened. */
export type AskSandbox = { readonly pando: "ask" };
/** Sandbox → page: workers can be started, or the function, where it runs in the sandbox's window. */
export type SandboxReady = { readonly pando: "ready" };

export type ToSandbox = AskSandbox | StartWorker | EndWorker;
export type FromSandbox = SandboxReady;
