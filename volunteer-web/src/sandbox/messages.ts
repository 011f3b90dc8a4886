/** What the page and a sandbox say to each other. */

/** Page → sandbox, with a port for the worker, and one for what the worker says. */
export type StartWorker = { readonly pando: "start"; readonly worker: number };
export type EndWorker = { readonly pando: "end"; readonly worker: number };
/** Page → sandbox: are you there? The sandbox may have been ready before the page listened. */
export type AskSandbox = { readonly pando: "ask" };
/** Sandbox → page: workers can be started, or the function, where it runs in the sandbox's window. */
export type SandboxReady = { readonly pando: "ready" };

/** Sandbox → page: it may start no worker, and without one the function cannot run in the sandbox's window. */
export type SandboxFailed = { readonly pando: "failed" };

/** Why workers do not start: a policy of the browser, of one of its extensions, or of whoever looks after it. */
export const BLOCKED = "blocked by policy";

export type ToSandbox = AskSandbox | StartWorker | EndWorker;
export type FromSandbox = SandboxReady | SandboxFailed;
